import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firewallRules, LOAD_FIREWALL } from "../../cloud-init/firewall.ts";
import { applyScripts } from "../../components/validator-node/bundle/apply.ts";
import type { Bundle } from "../../components/validator-node/bundle/spec.ts";
import { BEYOND, LAN, missing, WAN } from "./debian.ts";
import type { Machine } from "./debian.ts";
import { until } from "./run.ts";
import { answers, CLOSED, FRIEND, OPEN, startWorld, STRANGER } from "./world.ts";
import type { World } from "./world.ts";

const reason = await missing();
let world: World;
let machine: Machine;

/** A script as the account runs it that operates the machine. */
const asAccount = (script: string): string => `cd /; runuser -u ethstake -- sh -c '${script.replaceAll("'", `'\\''`)}'`;

const NO_BUNDLE: Bundle = {
  files: [],
  directories: [],
  secrets: [],
  metrics: [],
  ports: [],
  services: {},
  executionRpc: "",
  beaconApis: [],
};

/** What a second run of everything must not change: settings, units, rules, data, secrets. */
const state = () =>
  machine.sh(`
    sha256sum /etc/fstab /etc/ssh/*key* /etc/systemd/system/*ethstake* /usr/local/lib/ethstake/* /etc/docker/daemon.json
    nft list table inet ethstake | sed 's/counter packets.*bytes [0-9]*/counter/'
    systemctl show --property ActiveEnterTimestamp docker ethstake-firewall ethstake-egress ethstake-data ssh fail2ban
    blkid --match-tag UUID --output value "$(findmnt --noheadings --output SOURCE /var/lib/ethstake)"
    find /var/lib/ethstake -path '*/lost+found' -prune -o -printf '%p %m %u %g %T@\\n'
    stat --format '%n %a %U' /etc/passwd /etc/sudoers.d/*; id ethstake`);

describe.skipIf(reason !== undefined)(`a machine made by cloud-init${reason ? ` (${reason})` : ""}`, () => {
  beforeAll(async () => {
    world = await startWorld();
    machine = world.machine;
  });

  // Undefined when the set-up failed, which cleans up after itself.
  afterAll(() => (world as World | undefined)?.close());

  it("is done without an error, and its user data fits cloud-init's schema", async () => {
    const status = await machine.sh("cloud-init status --long; cat /var/lib/cloud/data/result.json");
    expect(status).toContain("status: done");
    expect(status).toContain("errors: []");
    expect(
      await machine.sh("cat >/root/user-data; cloud-init schema --config-file /root/user-data", world.userData),
    ).toContain("Valid schema");
    expect(await machine.sh("systemctl --failed --no-legend")).toBe("");
    expect(await machine.sh("hostname")).toBe("node-1");
  });

  it("keeps its user data, and the private host key in it, to root", async () => {
    expect(await machine.sh("stat --dereference --format '%a %U' /var/lib/cloud/instance/user-data.txt")).toBe(
      "600 root",
    );
    const readable = await machine.exec(
      "sudo -u nobody grep -rlsF 'BEGIN OPENSSH PRIVATE KEY' /var/lib/cloud /run/cloud-init /var/log /etc/ssh",
    );
    expect(readable.stdout).toBe("");
    expect(await machine.sh("ls /etc/ssh/*key*")).toBe(
      "/etc/ssh/ssh_host_ed25519_key\n/etc/ssh/ssh_host_ed25519_key.pub",
    );
  });

  it("lets our key in, to a machine that shows the pinned key", async () => {
    expect(await world.login()).toMatchObject({ code: 0, stdout: "ethstake\n0\n" });
    const wrong = await world.login({ host: world.otherKey });
    expect(wrong.code).toBe(255);
    expect(wrong.stderr).toContain("Host key verification failed");
  });

  it("refuses root, other keys and passwords", async () => {
    expect((await world.login({ user: "root" })).stderr).toContain("Permission denied (publickey)");
    expect((await world.login({ identity: world.otherKey })).stderr).toContain("Permission denied (publickey)");
    const password = await world.login({ options: ["PreferredAuthentications=password,keyboard-interactive"] });
    expect(password.stderr).toContain("Permission denied (publickey)");
    expect(await machine.sh("passwd --status ethstake | cut -d' ' -f2")).toBe("L");
  });

  it("has the settings of sshd that were asked for", async () => {
    const settings = await machine.sh("sshd -T");
    for (const line of [
      "port 22",
      "permitrootlogin no",
      "passwordauthentication no",
      "kbdinteractiveauthentication no",
      "allowusers ethstake",
      "authenticationmethods publickey",
      "hostkey /etc/ssh/ssh_host_ed25519_key",
      "x11forwarding no",
    ])
      expect(settings.split("\n")).toContain(line);
    expect(settings.match(/^hostkey /gm)).toHaveLength(1);
  });

  it("answers SSH only to the blocks that may", async () => {
    expect(await world.banner(FRIEND)).toBe("SSH-");
    expect(await world.banner(STRANGER)).toBe("");
  });

  it("drops what is not open, and lets in what is, and the private network everywhere", async () => {
    for (const port of [OPEN.process, CLOSED.process]) {
      await machine.sh(`busybox httpd -p ${port} -h /srv`);
      expect((await machine.exec(`busybox nc -w 1 127.0.0.1 ${port} </dev/null`)).code).toBe(0);
    }
    expect(await answers(OPEN.process)).toBe(true);
    expect(await answers(CLOSED.process)).toBe(false);
    expect(await answers(CLOSED.process, LAN.machine)).toBe(true);
  });

  it("takes other firewall rules while it runs, and keeps those it has when the new ones have a fault", async () => {
    const load = (rules: string) => machine.exec(asAccount(LOAD_FIREWALL), rules);
    const rules = firewallRules({
      ...world.spec,
      ports: [...world.spec.ports, { port: CLOSED.process, protocol: "tcp", purpose: "another node's" }],
    });
    expect(await load(rules)).toMatchObject({ code: 0, stderr: "" });
    expect(await answers(CLOSED.process)).toBe(true);
    expect((await load("table inet ethstake { chain input { policy accept")).code).not.toBe(0);
    expect(await answers(CLOSED.process)).toBe(true);
    expect(await load(firewallRules(world.spec))).toMatchObject({ code: 0 });
    expect(await answers(CLOSED.process)).toBe(false);
  });

  it("sends nothing new to private addresses through its default route, from itself or from containers", async () => {
    for (const from of ["machine", "container"] as const) {
      expect(await world.reaches(WAN.gateway, from), `${from} to the world`).toBe(true);
      expect(await world.reaches(LAN.gateway, from), `${from} to the private network`).toBe(true);
      expect(await world.reaches(BEYOND.gateway, from), `${from} to other private addresses`).toBe(false);
    }
  });

  it("lets only root ask the cloud's metadata service, and no container", async () => {
    const dropped = async () =>
      Number(/private4 counter packets (\d+)/.exec(await machine.sh("nft list chain inet ethstake egress"))?.[1]);
    const ask = async (prefix: string) => {
      const before = await dropped();
      await machine.exec(`${prefix}busybox nc -w 1 169.254.169.254 80 </dev/null`);
      return (await dropped()) - before;
    };
    expect(await ask("")).toBe(0);
    expect(await ask("sudo -u nobody ")).toBeGreaterThan(0);
    expect(await ask("docker run --rm tools /bin/")).toBeGreaterThan(0);
  });

  it("has Docker with our settings and compose v2", async () => {
    expect(JSON.parse(await machine.sh("docker info --format '{{json .}}'"))).toMatchObject({
      LiveRestoreEnabled: true,
      LoggingDriver: "json-file",
      Driver: "overlay2",
    });
    expect(await machine.sh("docker compose version --short")).toMatch(/^2\./);
    expect(await machine.sh("sudo -u ethstake docker ps --quiet && echo may")).toBe("may");
  });

  it("brings a node up as a unit, whose published ports are reachable when they are open and not otherwise", async () => {
    const compose = {
      services: {
        web: {
          image: "tools",
          command: ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/bin"],
          init: true,
          restart: "unless-stopped",
          stop_grace_period: "5s",
          ports: [`${OPEN.container}:80`, `${CLOSED.container}:80`],
          healthcheck: { test: ["CMD", "/bin/busybox", "true"], interval: "1s" },
        },
      },
    };
    await machine.sh(
      "install -d -o ethstake /var/lib/ethstake/nodes/node-1; cat >/var/lib/ethstake/nodes/node-1/compose.yaml",
      JSON.stringify(compose),
    );
    await machine.sh("systemctl enable --now ethstake-node@node-1");
    await published();
  });

  /** Both ports answer on the machine itself, only the open one answers outside. */
  async function published(): Promise<void> {
    for (const port of [OPEN.container, CLOSED.container])
      expect((await machine.exec(`busybox nc -w 3 ${WAN.machine} ${port} </dev/null`)).code, `${port} inside`).toBe(0);
    expect(await answers(OPEN.container)).toBe(true);
    expect(await answers(CLOSED.container)).toBe(false);
  }

  it("keeps filtering, and its containers, when Docker restarts", async () => {
    const started = "docker inspect --format '{{.State.StartedAt}}' node-1-web-1";
    const before = await machine.sh(started);
    await machine.sh("systemctl restart docker");
    expect(await machine.sh(started)).toBe(before);
    await published();
    expect(await machine.sh("systemctl is-active ethstake-node@node-1")).toBe("active");
  });

  it("stops a node with its containers, and starts it again", async () => {
    await machine.sh("systemctl stop ethstake-node@node-1");
    expect(await machine.sh("docker ps --all --quiet")).toBe("");
    await machine.sh("systemctl start ethstake-node@node-1");
    expect(await machine.sh("docker ps --format '{{.Names}}'")).toBe("node-1-web-1");
  });

  it("starts a bundle, restarts nothing a second time, and only the service that changed", async () => {
    const web = (greeting: string) => ({
      image: "tools",
      command: ["/bin/busybox", "sleep", greeting],
      init: true,
      stop_grace_period: "1s",
      healthcheck: { test: ["CMD", "/bin/busybox", "true"], interval: "1s" },
      volumes: ["./secrets/jwt:/run/secrets/jwt:ro"],
    });
    const apply = async (one: string, other: string): Promise<string> => {
      const compose = { name: "ethstake-node-2", services: { execution: web(one), consensus: web(other) } };
      const { install, files, up, services } = applyScripts("node-2", "/var/lib/ethstake/nodes/node-2", {
        ...NO_BUNDLE,
        files: [{ path: "compose.yaml", mode: "0640", content: JSON.stringify(compose) }],
        directories: [{ path: "data/execution", mode: "0700" }],
        secrets: [{ path: "secrets/jwt", mode: "0440", bytes: 32 }],
        services: { execution: one, consensus: other },
      });
      await machine.sh(asAccount(install), files);
      // Images are never pulled here: the engine has what the machine made.
      await machine.sh(asAccount(up.replace("pull --quiet --policy missing", "config --quiet")), services);
      return await machine.sh(
        "docker inspect --format '{{.Name}} {{.State.StartedAt}}' ethstake-node-2-execution-1 ethstake-node-2-consensus-1",
      );
    };
    const first = await apply("1000", "1000");
    expect(await apply("1000", "1000")).toBe(first);
    const [execution = "", consensus = ""] = first.split("\n");
    const third = (await apply("2000", "1000")).split("\n");
    expect(third[0]).not.toBe(execution);
    expect(third[1]).toBe(consensus);
    expect(await machine.sh("stat --format '%a %U' /var/lib/ethstake/nodes/node-2/secrets/jwt")).toBe("440 ethstake");
    const { down } = applyScripts("node-2", "/var/lib/ethstake/nodes/node-2", NO_BUNDLE);
    await machine.sh(asAccount(down), "");
    expect(await machine.sh("docker ps --all --quiet --filter name=ethstake-node-2")).toBe("");
    await machine.sh("rm -r /var/lib/ethstake/nodes/node-2");
  });

  it("formats a blank device, once, and mounts it for the account", async () => {
    expect(await machine.sh("findmnt --noheadings --output FSTYPE,OPTIONS /var/lib/ethstake")).toMatch(
      /^ext4 .*noatime/,
    );
    expect(await machine.sh("grep -c /var/lib/ethstake /etc/fstab")).toBe("1");
    expect(await machine.sh("grep /var/lib/ethstake /etc/fstab")).toMatch(
      /^UUID=[0-9a-f-]{36} \/var\/lib\/ethstake ext4 \S*nofail/,
    );
    expect(await machine.sh("stat --format '%a %U:%G' /var/lib/ethstake /var/lib/ethstake/nodes")).toBe(
      "750 ethstake:ethstake\n750 ethstake:ethstake",
    );
  });

  it("tells a blank device from one that holds anything", async () => {
    const verdict = async (make: string) =>
      machine.sh(`set -e; cd /root; rm -f d; truncate -s 64M d; ${make}; /usr/local/lib/ethstake/data-disk probe d`);
    expect(await verdict("true")).toBe("blank");
    expect(await verdict("mkfs.ext4 -q d")).toBe("foreign");
    expect(await verdict("mkfs.ext4 -q -L ethstake-data d")).toBe("ours");
    expect(await verdict("mkswap -q -L ethstake-data d")).toBe("foreign");
    expect(await verdict("echo 'label: gpt' | sfdisk -q d")).toBe("foreign");
    expect(await verdict("echo ',1M' | sfdisk -q d")).toBe("foreign");
    expect(await verdict("printf x | dd of=d bs=1 seek=4000000 conv=notrunc status=none")).toBe("foreign");
    expect((await machine.exec("/usr/local/lib/ethstake/data-disk probe /root/none")).stdout).not.toContain("blank");
  });

  it("leaves a device with foreign data as it is, and fails", async () => {
    // Its own device, taken for one of another folder: it is no longer ours once it has another name.
    const { code, stderr } = await machine.exec(`
      device=$(findmnt --noheadings --output SOURCE /var/lib/ethstake)
      e2label "$device" precious
      printf 'HOST_USER=ethstake\\nDATA_DIRECTORY=/srv/other\\nDATA_DEVICE=%s\\n' "$device" >/run/other.conf
      unshare --mount sh -c 'mount --bind /run/other.conf /etc/ethstake/host.conf && /usr/local/lib/ethstake/data-disk'
      code=$?; e2label "$device" ethstake-data; rmdir /srv/other; exit $code`);
    expect(code).toBe(1);
    expect(stderr).toContain("holds data that is not ours and stays as it is");
    expect(await machine.sh("ls /var/lib/ethstake/nodes; grep -c other /etc/fstab || true")).toBe("node-1\n0");
  });

  it("makes secrets that are missing, and never a second time", async () => {
    const list = "/var/lib/ethstake/nodes/node-1/jwt.hex 0400 32\n/var/lib/ethstake/nodes/node-1/deep/token 0440 16";
    const make = (input: string) => machine.exec("/usr/local/lib/ethstake/make-secrets", input);
    const read = () =>
      machine.sh(
        "cd /var/lib/ethstake/nodes/node-1; stat --format '%n %a %U:%G %s %Y %i' jwt.hex deep/token; cat jwt.hex deep/token",
      );
    expect(await make(list)).toEqual({ code: 0, stdout: "", stderr: "" });
    const first = await read();
    expect(first).toMatch(
      /^jwt.hex 400 ethstake:ethstake 64 \d+ \d+\ndeep\/token 440 ethstake:ethstake 32 \d+ \d+\n[0-9a-f]{96}$/,
    );
    expect(await make(list)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await read()).toBe(first);
    expect(await machine.sh("find /var/lib/ethstake -name '.secret*'")).toBe("");
    const race =
      "for i in 1 2 3 4 5 6; do echo '/var/lib/ethstake/race 0400 32' | /usr/local/lib/ethstake/make-secrets & done; wait";
    expect(await machine.exec(race)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await machine.sh("cd /var/lib/ethstake; cat race; ls -A | tr '\\n' ' '")).toMatch(
      /^[0-9a-f]{64}lost\+found nodes race$/,
    );
    for (const bad of [
      "relative 0400 32",
      "/var/lib/x 0644 32",
      "/var/lib/x 0400 8",
      "/var/lib/../x 0400 32",
      "/var/lib/x 0400",
    ])
      expect((await make(bad)).code, bad).toBe(1);
    expect((await machine.exec("ls /var/lib/x")).code).not.toBe(0);
  });

  it("bans who keeps failing to log in", async () => {
    const attempt =
      "for i in 1 2 3 4 5 6 7; do timeout 5 ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3 root@198.51.100.10 true; done";
    await machine.beside(FRIEND, ["bash", "-c", attempt]);
    await until("fail2ban bans", 30, async () => (await machine.sh("fail2ban-client get sshd banip")).includes(FRIEND));
    expect(await world.banner(FRIEND)).toBe("");
    await machine.sh(`fail2ban-client unban ${FRIEND}`);
  });

  it("has security updates without reboots, a time client that serves nobody, and hardened settings", async () => {
    const apt = await machine.sh("apt-config dump");
    expect(apt).toContain('Unattended-Upgrade::Automatic-Reboot "false"');
    expect(apt).toContain('APT::Periodic::Unattended-Upgrade "1"');
    const origins = apt.match(/^Unattended-Upgrade::(Origins-Pattern|Allowed-Origins)::.*$/gm) ?? [];
    expect(origins).toHaveLength(2);
    for (const origin of origins) expect(origin).toContain("-security");
    expect(await machine.sh("systemctl is-enabled chrony unattended-upgrades fail2ban")).toBe(
      "enabled\nenabled\nenabled",
    );
    expect(await machine.sh("chronyd -p | grep -E '^(port|cmdport) '")).toBe("port 0\ncmdport 0");
    expect(
      await machine.sh(
        "sysctl --values net.ipv4.conf.all.send_redirects net.ipv4.conf.all.accept_source_route net.ipv4.conf.all.rp_filter",
      ),
    ).toBe("0\n0\n2");
  });

  it("changes nothing when everything runs a second time", async () => {
    const before = await state();
    await machine.sh("/usr/local/lib/ethstake/bootstrap");
    expect(await state()).toBe(before);
    await published();
  });

  it("is the same after a reboot", async () => {
    const files = () =>
      machine.sh(
        "sha256sum /etc/fstab /etc/ssh/*key* /etc/ethstake/*; cat /var/lib/ethstake/nodes/node-1/jwt.hex; findmnt --noheadings --output UUID,TARGET /var/lib/ethstake",
      );
    const before = await files();
    await machine.reboot();
    expect(await files()).toBe(before);
    expect(await machine.sh("systemctl --failed --no-legend; cloud-init status")).toBe("status: done");
    expect(await world.login()).toMatchObject({ code: 0, stdout: "ethstake\n0\n" });
    await until(
      "the node's container runs",
      60,
      async () => (await machine.sh("docker ps --format '{{.Names}}'")) === "node-1-web-1",
    );
    await published();
    expect(await world.reaches(WAN.gateway, "machine")).toBe(true);
    expect(await world.reaches(BEYOND.gateway, "machine")).toBe(false);
    expect(await world.banner(STRANGER)).toBe("");
  });

  it("starts neither Docker nor a node without its data volume", async () => {
    await machine.sh(
      "sed -i 's#^DATA_DEVICE=.*#DATA_DEVICE=/dev/none#; $aDATA_WAIT=1' /etc/ethstake/host.conf; sed -i '/ethstake/d' /etc/fstab",
    );
    await machine.reboot();
    expect(await machine.sh("systemctl is-active ethstake-data docker ethstake-node@node-1 || true")).toBe(
      "failed\ninactive\ninactive",
    );
    expect(await world.login()).toMatchObject({ code: 0 });
  });
});
