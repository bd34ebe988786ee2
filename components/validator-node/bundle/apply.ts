import type { Bundle, BundleDirectory, BundleFile, GeneratedSecret } from "./spec.ts";

/** What a host is asked to do for a node: shell scripts, and what they read. */
export interface ApplyScripts {
  /** Writes the bundle's files; reads {@link ApplyScripts.files}. */
  readonly install: string;
  /** The bundle as text, an entry a line: `directory MODE PATH`, `file MODE PATH BASE64`, `secret MODE PATH BYTES`. Holds no secret. */
  readonly files: string;
  /** Starts what is not running and restarts what changed; reads {@link ApplyScripts.services}. */
  readonly up: string;
  /** `SERVICE HASH`, a line each: a plan's difference in it names the services that restart. */
  readonly services: string;
  /** Stops the node's containers. Data, keys and secrets stay. */
  readonly down: string;
}

/** Seconds that the services of a node have to become healthy after a start. */
const START_TIMEOUT_SECONDS = 900;

/**
 * The scripts of a node. POSIX sh, so that they run on any host; each may be killed at any point and run again.
 * @param node its name: the containers' project is `ethstake-NODE`
 * @param directory its folder on the host, absolute
 */
export function applyScripts(node: string, directory: string, bundle: Bundle): ApplyScripts {
  const compose = `docker compose --project-name ${quoted(`ethstake-${node}`)} --project-directory ${quoted(directory)}`;
  return {
    install: installScript(directory),
    files:
      [...bundle.directories.map(directoryLine), ...bundle.files.map(fileLine), ...bundle.secrets.map(secretLine)].join(
        "\n",
      ) + "\n",
    up: [
      "set -eu",
      // What changed is in the input for the plan's sake; compose finds out by itself what runs on what.
      "cat >/dev/null",
      `cd ${quoted(directory)}`,
      // Pulled beforehand: a service is down only for as long as its container takes to start.
      `${compose} pull --quiet --policy missing`,
      `${compose} up --detach --wait --wait-timeout ${START_TIMEOUT_SECONDS} --remove-orphans`,
    ].join("\n"),
    services:
      Object.entries(bundle.services)
        .map(([service, hash]) => `${service} ${hash}`)
        .sort()
        .join("\n") + "\n",
    down: [
      "set -eu",
      "cat >/dev/null",
      `[ -e ${quoted(`${directory}/compose.yaml`)} ] || exit 0`,
      `cd ${quoted(directory)}`,
      `${compose} down --remove-orphans`,
    ].join("\n"),
  };
}

/**
 * Each file is written beside its place and moved there, so that none is ever half there. Secrets are made on the host when they are
 * missing, and never again: what a client was started with is not to change under it. Files that an earlier bundle had and this one
 * has not are removed; nothing else is.
 */
function installScript(directory: string): string {
  return `set -eu
umask 077
mkdir -p ${quoted(directory)}
cd ${quoted(directory)}
: >.bundle.incoming
while read -r kind mode path content; do
  mkdir -p "$(dirname "$path")"
  case "$kind" in
  directory)
    mkdir -p "$path"
    chmod "$mode" "$path"
    ;;
  file)
    printf '%s' "$content" | base64 -d >"$path.incoming"
    chmod "$mode" "$path.incoming"
    if cmp -s "$path.incoming" "$path"; then
      chmod "$mode" "$path"
      rm "$path.incoming"
    else
      mv -f "$path.incoming" "$path"
    fi
    printf '%s\\n' "$path" >>.bundle.incoming
    ;;
  secret)
    if [ ! -s "$path" ]; then
      head -c "$content" /dev/urandom | od -An -v -tx1 | tr -d ' \\n' >"$path.incoming"
      chmod "$mode" "$path.incoming"
      mv -f "$path.incoming" "$path"
    fi
    ;;
  *)
    echo "a line of the bundle begins with '$kind'" >&2
    exit 1
    ;;
  esac
done
if [ -e .bundle ]; then
  while read -r path; do
    grep -qxF "$path" .bundle.incoming || rm -f "$path"
  done <.bundle
fi
mv -f .bundle.incoming .bundle
`;
}

function directoryLine({ path, mode }: BundleDirectory): string {
  return `directory ${mode} ${plain(path)}`;
}

function fileLine({ path, mode, content }: BundleFile): string {
  return `file ${mode} ${plain(path)} ${Buffer.from(content).toString("base64")}`;
}

function secretLine({ path, mode, bytes }: GeneratedSecret): string {
  return `secret ${mode} ${plain(path)} ${bytes}`;
}

/** A path that stays below the node's folder and is one word. */
function plain(path: string): string {
  if (!/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(path) || path.split("/").some((part) => /^\.+$/.test(part)))
    throw new TypeError(`${path} is no path below a node's folder`);
  return path;
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
