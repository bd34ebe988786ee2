/** Starts the policy pack as the official CLI does, and speaks its protocol. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SECRET, SIGNATURE, UNKNOWN } from "../engine/values.ts";
import { PACK_NAME } from "./index.ts";
import { RULES } from "./rules/index.ts";

const PACK = fileURLToPath(new URL(".", import.meta.url));
const RUNNER = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack");
const INSTANCE = "aws:ec2/instance:Instance";
const EIP = "aws:ec2/eip:Eip";

interface Planned {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, JavaScriptValue>;
  readonly protect?: boolean;
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
}

let child: ChildProcess;
let client: analyzerGrpc.AnalyzerClient;

beforeAll(async () => {
  // The CLI gives the address of its engine and the pack's folder; the first line that is printed is the port.
  child = spawn(process.execPath, [RUNNER, "127.0.0.1:1", PACK], {
    cwd: PACK,
    env: { ...process.env, PULUMI_CONFIG: JSON.stringify({ "ethstake:network": "mainnet" }) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!child.stdout) throw new Error("The pack has no output.");
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  client = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
}, 60_000);

afterAll(async () => {
  client.close();
  child.kill();
  await once(child, "exit");
});

function urn({ type, name }: Pick<Planned, "type" | "name">): string {
  return `urn:pulumi:mainnet::ethstake::${type}::${name}`;
}

function options(planned: Planned): pb.AnalyzerResourceOptions {
  return new pb.AnalyzerResourceOptions().setProtect(planned.protect ?? false);
}

/** The reports of a call as `rule (level) message`. */
function call(
  start: (done: (error: ServiceError | null, response: pb.AnalyzeResponse) => void) => void,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    start((error, response) => {
      if (error) {
        reject(error);
        return;
      }
      resolve(
        response
          .getDiagnosticsList()
          .map(
            (item) => `${item.getPolicyname()} (${item.getEnforcementlevel()}) ${item.getMessage()} ${item.getUrn()}`,
          ),
      );
    });
  });
}

function analyze(planned: Planned): Promise<string[]> {
  const request = new pb.AnalyzeRequest()
    .setType(planned.type)
    .setName(planned.name)
    .setUrn(urn(planned))
    .setOptions(options(planned))
    .setProperties(structPb.Struct.fromJavaScript(planned.props));
  return call((done) => client.analyze(request, done));
}

function analyzeStack(...stack: readonly Planned[]): Promise<string[]> {
  const resources = stack.map((planned) => {
    const resource = new pb.AnalyzerResource()
      .setType(planned.type)
      .setName(planned.name)
      .setUrn(urn(planned))
      .setOptions(options(planned))
      .setProperties(structPb.Struct.fromJavaScript(planned.props));
    for (const [property, urns] of Object.entries(planned.dependencies ?? {})) {
      const dependencies = new pb.AnalyzerPropertyDependencies().setUrnsList([...urns]);
      resource.getPropertydependenciesMap().set(property, dependencies);
    }
    return resource;
  });
  const request = new pb.AnalyzeStackRequest().setResourcesList(resources);
  return call((done) => client.analyzeStack(request, done));
}

describe("the policy pack", () => {
  it("tells its name and every rule", async () => {
    const info = await new Promise<pb.AnalyzerInfo>((resolve, reject) => {
      client.getAnalyzerInfo(new emptyPb.Empty(), (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    expect(info.getName()).toBe(PACK_NAME);
    expect(info.getPoliciesList().map((policy) => policy.getName())).toEqual(RULES.map(({ name }) => name));
    expect(info.getPoliciesList().map((policy) => policy.getEnforcementlevel())).toEqual(
      RULES.map(({ severity }) =>
        severity === "mandatory" ? pb.EnforcementLevel.MANDATORY : pb.EnforcementLevel.ADVISORY,
      ),
    );
  });

  it("finds what a resource breaks", async () => {
    const found = await analyze({
      type: "aws:ec2/securityGroup:SecurityGroup",
      name: "sg",
      props: {
        vpcId: UNKNOWN,
        tags: { "ethstake:stack": "mainnet" },
        ingress: [{ fromPort: 22, toPort: 22, protocol: "tcp", cidrBlocks: ["0.0.0.0/0"] }],
      },
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`no-ssh-from-anywhere (${pb.EnforcementLevel.MANDATORY})`);
    expect(found[0]).toContain('"sg": ingress[0] is tcp 22 from 0.0.0.0/0. List the addresses');
    expect(found[0]).toContain("::sg");
  });

  it("passes a clean resource, and concludes nothing from what is unknown", async () => {
    const clean = {
      type: INSTANCE,
      name: "node-1",
      protect: true,
      props: {
        subnetId: UNKNOWN,
        vpcSecurityGroupIds: [UNKNOWN],
        rootBlockDevice: { encrypted: true },
        metadataOptions: { httpTokens: "required" },
        disableApiTermination: true,
        tags: { "ethstake:stack": "mainnet" },
      },
    };
    expect(await analyze(clean)).toEqual([]);
    expect(await analyze({ ...clean, props: { ...clean.props, rootBlockDevice: UNKNOWN, tags: UNKNOWN } })).toEqual([]);
  });

  it("looks into secrets and assets", async () => {
    const compose = "services:\n  besu:\n    image: hyperledger/besu:latest\n";
    const found = await analyze({
      type: "command:remote:CopyToRemote",
      name: "files",
      props: {
        connection: { [SIGNATURE]: SECRET, value: { host: "203.0.113.9", hostKey: "ssh-ed25519 AAAA" } },
        source: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: compose },
        remotePath: "compose.yaml",
      },
    });
    expect(found.find((text) => text.startsWith("images-pinned"))).toContain("source.text: services.besu.image");
    expect(found.some((text) => text.startsWith("host-key-pinned"))).toBe(false);
  });

  it("looks at a stack as a whole", async () => {
    const node: Planned = { type: INSTANCE, name: "node-1", props: { id: UNKNOWN } };
    const address: Planned = { type: EIP, name: "ip", props: {}, dependencies: { instance: [urn(node)] } };
    const attachment: Planned = {
      type: "aws:ec2/volumeAttachment:VolumeAttachment",
      name: "data",
      props: { instanceId: UNKNOWN },
      dependencies: { instanceId: [urn(node)] },
    };
    expect((await analyzeStack(node)).map((text) => text.split(" ")[0])).toEqual(["fixed-address", "data-on-volume"]);
    expect(await analyzeStack(node, address, attachment)).toEqual([]);
  });
});
