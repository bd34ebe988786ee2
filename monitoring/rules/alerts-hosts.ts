import { course, hostLabels, series, serviceLabels } from "./fixtures.ts";
import type { Alert } from "./types.ts";

const DISK = { ...hostLabels(), device: "/dev/sdb", fstype: "ext4", mountpoint: "/var/lib/ethstake" };
const SHOWN = { ...hostLabels(), device: "/dev/sdb", mountpoint: "/var/lib/ethstake" };
const PROBE = { ...serviceLabels("probe"), instance: "https://grafana.example.org" };

/** Alerts about machines and what is in front of them. They do not depend on the chain's time. */
export function hostAlerts(): Alert[] {
  return [
    {
      name: "HostDown",
      expr: 'up{job="node"} == 0',
      for: "5m",
      severity: "page",
      summary: "Host {{ $labels.host }} does not answer",
      description:
        "The exporter of {{ $labels.host }} ({{ $labels.instance }}, {{ $labels.stack }}) has not answered for five minutes.",
      runbook: {
        means: "the machine is off, or the network to it is. Alerts of its clients are held back meanwhile.",
        look: "the provider's console; can you log in?",
        act: "start it. **Do not start its keys elsewhere**: it may come back. If it is gone for good, see [Moving keys](#moving-keys).",
      },
      test: {
        input: [series("up", hostLabels(), "1x4 0x10 1x10")],
        checks: course("8m", "12m", [{ labels: hostLabels() }], "17m"),
      },
    },
    {
      name: "DiskFull",
      expr: "host_disk_free_ratio < 0.08",
      for: "5m",
      severity: "page",
      summary: "Disk {{ $labels.mountpoint }} of {{ $labels.host }} is nearly full",
      description:
        "{{ $labels.mountpoint }} of {{ $labels.host }} ({{ $labels.stack }}) has {{ $value | humanizePercentage }} free.",
      runbook: {
        means: "databases of clients break when they cannot write.",
        look: "`sudo du -xh --max-depth=3 /var/lib/ethstake | sort -h | tail`.",
        act: "[Grow the volume](#grow-a-volume); or prune the execution client. Never delete anything below a validator's or Web3Signer's data.",
      },
      test: {
        input: [
          series("node_filesystem_avail_bytes", DISK, "400e9x4 50e9x10 900e9x10"),
          series("node_filesystem_size_bytes", DISK, "1000e9x30"),
        ],
        checks: course("8m", "12m", [{ labels: SHOWN, shown: "5%" }], "17m"),
      },
    },
    {
      name: "DiskFillsSoon",
      expr: "host_disk_free_in_4_days_bytes < 0 and host_disk_free_ratio < 0.4",
      for: "1h",
      severity: "warn",
      summary: "Disk {{ $labels.mountpoint }} of {{ $labels.host }} will be full within four days",
      description:
        "By the growth of the last six hours, {{ $labels.mountpoint }} of {{ $labels.host }} ({{ $labels.stack }}) would have {{ $value | humanize1024 }}B free in four days.",
      runbook: {
        means: "a line through the last six hours crosses zero within four days, and less than 40 % is free.",
        look: "is it a sync or a compaction that ends by itself? Growth over a week on dashboard *Node*.",
        act: "order the larger volume now; prune.",
      },
      test: {
        interval: "5m",
        input: [
          series("node_filesystem_avail_bytes", DISK, "300e9x120 300e9-1e9x100 800e9x150"),
          series("node_filesystem_size_bytes", DISK, "1000e9x400"),
        ],
        checks: course("13h", "18h", [{ labels: SHOWN, shown: "-882Gi" }], "26h"),
      },
    },
    {
      name: "MemoryLow",
      expr: "host_memory_available_ratio < 0.05",
      for: "10m",
      severity: "warn",
      summary: "Host {{ $labels.host }} runs out of memory",
      description:
        "{{ $labels.host }} ({{ $labels.stack }}) has {{ $value | humanizePercentage }} of its memory available.",
      runbook: {
        means: "the kernel is about to kill something, most likely the largest client.",
        look: "`docker stats`; which client grew?",
        act: "restart the one that grew; lower its caches, set `memoryMiB`, or take a larger machine.",
      },
      test: {
        input: [
          series("node_memory_MemAvailable_bytes", hostLabels(), "16e9x4 1e9x20 16e9x10"),
          series("node_memory_MemTotal_bytes", hostLabels(), "32e9x40"),
        ],
        checks: course("10m", "20m", [{ labels: hostLabels(), shown: "3.125%" }], "30m"),
      },
    },
    {
      name: "OutOfMemoryKill",
      expr: "increase(host_out_of_memory_kills_total[1h]) > 0",
      severity: "page",
      summary: "The kernel of {{ $labels.host }} killed a process",
      description:
        "{{ $value | humanize }} processes of {{ $labels.host }} ({{ $labels.stack }}) were killed for memory within an hour.",
      runbook: {
        means: "a container reached its limit, or the machine has no memory left. The client was not closed properly.",
        look: "`sudo dmesg -T | grep -i 'killed process'` names it.",
        act: "raise `memoryMiB` of that client if the machine has it; else a larger machine.",
      },
      test: {
        input: [series("node_vmstat_oom_kill", hostLabels(), "0x10 2x170")],
        checks: course("10m", "20m", [{ labels: hostLabels(), shown: "2" }], "2h"),
      },
    },
    {
      name: "ClockOffset",
      expr: "host_clock_offset_seconds > 0.1",
      for: "10m",
      severity: "warn",
      summary: "The clock of {{ $labels.host }} is off",
      description:
        "The clock of {{ $labels.host }} ({{ $labels.stack }}) is {{ $value | humanizeDuration }} from its time servers'.",
      runbook: {
        means: "attestations are sent at the wrong moment: half a second costs head votes.",
        look: "`chronyc tracking` or `timedatectl timesync-status`; is UDP 123 open outwards?",
        act: "restart time synchronisation; choose nearer servers.",
      },
      test: {
        input: [series("node_timex_offset_seconds", hostLabels(), "0.001x4 -0.4x20 0.001x10")],
        checks: course("10m", "20m", [{ labels: hostLabels(), shown: "400ms" }], "30m"),
      },
    },
    {
      name: "ClockNotSynchronised",
      expr: 'node_timex_sync_status{job="node"} == 0',
      for: "30m",
      severity: "warn",
      summary: "Nothing sets the clock of {{ $labels.host }}",
      description: "{{ $labels.host }} ({{ $labels.stack }}) has not been synchronised for half an hour.",
      runbook: {
        means: "no time service is in reach: the clock drifts by itself, seconds a day.",
        look: "`systemctl status chrony systemd-timesyncd`.",
        act: "start it; let UDP 123 out.",
      },
      test: {
        input: [series("node_timex_sync_status", hostLabels(), "1x4 0x50 1x10")],
        checks: course("30m", "40m", [{ labels: hostLabels() }], "60m"),
      },
    },
    {
      name: "CertificateExpiring",
      expr: `certificate_expires_seconds > 0 < ${14 * 86_400}`,
      for: "1h",
      severity: "warn",
      summary: "The certificate of {{ $labels.instance }} expires soon",
      description:
        "The certificate of {{ $labels.instance }} ({{ $labels.stack }}) expires in {{ $value | humanizeDuration }}.",
      runbook: {
        means: "Caddy renews a third of the lifetime before the end: it has failed to.",
        look: "Caddy's log (`tls.renew`); ports 80 and 443 from outside; the DNS record.",
        act: "repair what the log names, restart Caddy.",
      },
      test: {
        interval: "5m",
        input: [
          series("probe_ssl_earliest_cert_expiry", PROBE, `${30 * 86_400}x11 ${10 * 86_400}x30 ${90 * 86_400}x20`),
        ],
        checks: course("1h30m", "3h", [{ labels: PROBE, shown: "9d 21h 0m 0s" }], "4h"),
      },
    },
    {
      name: "EndpointUnreachable",
      expr: 'probe_success{job="probe"} == 0',
      for: "5m",
      severity: "page",
      summary: "{{ $labels.instance }} is not reachable",
      description:
        "{{ $labels.instance }} ({{ $labels.stack }}) has not answered for five minutes, or its certificate is not valid.",
      runbook: {
        means: "the probe asks as a user would: DNS, TLS, HTTP status.",
        look: "`curl -v` of the address; Caddy's log; DiskFull of the gateway's host.",
        act: "an expired certificate: see CertificateExpiring. Else start the service behind it.",
      },
      test: {
        input: [series("probe_success", PROBE, "1x4 0x10 1x10")],
        checks: course("8m", "12m", [{ labels: PROBE }], "17m"),
      },
    },
    {
      name: "GatewayErrors",
      expr: `sum by (stack, network, instance) (rate(caddy_http_request_errors_total{job="gateway"}[10m]))
/
sum by (stack, network, instance) (rate(caddy_http_requests_total{job="gateway"}[10m]))
> 0.05`,
      for: "10m",
      severity: "warn",
      summary: "The gateway of {{ $labels.stack }} answers with errors",
      description:
        "{{ $value | humanizePercentage }} of the requests at {{ $labels.instance }} ({{ $labels.stack }}) end in an error.",
      runbook: {
        means: "what is behind Caddy does not answer, or answers wrongly.",
        look: "Caddy's log: upstream and status.",
        act: "start or repair the upstream (Grafana, the API).",
      },
      test: {
        input: [
          series(
            "caddy_http_requests_total",
            { ...serviceLabels("gateway"), handler: "subroute", server: "srv0" },
            "0+60x80",
          ),
          series(
            "caddy_http_request_errors_total",
            { ...serviceLabels("gateway"), handler: "subroute", server: "srv0" },
            "0x20 6+6x29 180x40",
          ),
        ],
        checks: course(
          "30m",
          "45m",
          [{ labels: { stack: "hoodi", network: "hoodi", instance: "gateway:9090" }, shown: "10%" }],
          "75m",
        ),
      },
    },
  ];
}
