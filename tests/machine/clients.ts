import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import { projectPath } from "../../lib/paths.ts";
import type { Machine } from "./debian.ts";
import { must, run } from "./run.ts";

const STAND_IN = fileURLToPath(new URL("stand-in/lighthouse.ts", import.meta.url));

/** An image out of files of this machine. */
interface ImageRecipe {
  /** `name:tag`. */
  readonly reference: string;
  /** Programs, with the libraries that they load. */
  readonly programs: readonly string[];
  /** Where files are in the image, by where they are here; others keep their places. */
  readonly moved: Readonly<Record<string, string>>;
  /** Further files, by where they are here. */
  readonly files?: readonly string[];
  readonly entrypoint?: string;
}

/** The path of geth; undefined when this machine has none. */
export async function findGeth(): Promise<string | undefined> {
  const { code, stdout } = await run("which", ["geth"]);
  if (code === 0) return stdout.trim();
  // Where .ci/run builds it.
  const built = projectPath(join(".ethstake", "tools", "geth"));
  return (await run(built, ["version"])).code === 0 ? built : undefined;
}

/** The tag of a geth's own version, as its publisher writes it: `v1.16.9`. */
export async function gethTag(geth: string): Promise<string> {
  const version = /^Version: (\d+\.\d+\.\d+)/m.exec(await must(geth, ["version"]))?.[1];
  if (version === undefined) throw new Error(`${geth} does not tell its version.`);
  return `v${version}`;
}

/** Gives a machine's Docker engine the real geth as an image. */
export async function loadGeth(machine: Machine, geth: string): Promise<void> {
  await load(machine, {
    reference: `ethereum/client-go:${await gethTag(geth)}`,
    programs: [geth],
    moved: { [geth]: "usr/local/bin/geth" },
    entrypoint: "geth",
  });
}

/** Gives a machine's Docker engine the stand-in for Lighthouse under tags of Lighthouse's image. @param folder for what is built */
export async function loadLighthouse(
  machine: Machine,
  folder: string,
  [tag, ...more]: readonly string[],
): Promise<void> {
  const program = join(folder, "lighthouse.mjs");
  const { outputText } = transpileModule(readFileSync(STAND_IN, "utf8"), {
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 },
  });
  writeFileSync(program, outputText);
  const start = join(folder, "lighthouse");
  writeFileSync(start, '#!/bin/bash\nexec node /lighthouse.mjs "$@"\n', { mode: 0o755 });
  const reference = `sigp/lighthouse:${tag ?? "latest"}`;
  await load(machine, {
    reference,
    programs: [process.execPath, "/bin/bash"],
    moved: {
      [process.execPath]: "usr/local/bin/node",
      [program]: "lighthouse.mjs",
      [start]: "usr/local/bin/lighthouse",
    },
    files: [program, start],
  });
  for (const other of more) await machine.sh(`docker tag ${reference} sigp/lighthouse:${other}`);
}

/** Packs an image here and imports it there, with the machine's busybox as wget, which health checks call. */
async function load(machine: Machine, recipe: ImageRecipe): Promise<void> {
  const { programs, files = [], moved, reference, entrypoint } = recipe;
  const libraries = (await Promise.all(programs.map(librariesOf))).flat();
  const transforms = Object.entries(moved).map(([from, to]) => `--transform=s|^${from.slice(1)}$|${to}|`);
  const paths = [...new Set([...programs, ...files, ...libraries])];
  const changes = [
    "ENV PATH=/usr/local/bin:/usr/bin:/bin",
    ...(entrypoint === undefined ? [] : [`ENTRYPOINT ["${entrypoint}"]`]),
  ];
  const there = [
    "set -e",
    "cat >/root/image.tar",
    "tar --append --file /root/image.tar --directory / --transform 's|busybox|wget|' bin/busybox",
    `docker import ${changes.map((change) => `--change '${change}'`).join(" ")} /root/image.tar ${reference}`,
    "rm /root/image.tar",
  ].join("\n");
  // tar and a shell for the pipe: the packed image is a hundred megabytes.
  await must(
    "bash",
    [
      ...[
        "-o",
        "pipefail",
        "-c",
        'name=$1 there=$2; shift 2; tar "$@" | docker exec --interactive "$name" sh -c "$there"',
      ],
      ...["bash", machine.name, there],
      ...["--create", "--dereference", "--directory", "/", "--owner=0", "--group=0", ...transforms],
      ...paths.map((path) => path.slice(1)),
    ],
    { seconds: 200 },
  );
}

/** Absolute paths of the libraries that a program loads, the loader included. */
async function librariesOf(program: string): Promise<string[]> {
  return (await must("ldd", [program])).split("\n").flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
