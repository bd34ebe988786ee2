import { shellWord } from "../../../lib/shell.ts";
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

/** What of a bundle reaches its host. */
export type AppliedBundle = Pick<Bundle, "directories" | "files" | "secrets" | "services">;

/** Seconds that the services of a node have to become healthy after a start. */
const START_TIMEOUT_SECONDS = 900;

/** Seconds that a run waits for one before it: clients take up to five minutes to stop, and then they start. */
const LOCK_SECONDS = 1_800;

/**
 * One run at a time. What ran on a host when the engine was killed goes on, and two composes that replace the same container leave none.
 * A host without flock has no such protection; Debian and Ubuntu always have it.
 */
const LOCK = `exec 9>>.lock
if command -v flock >/dev/null; then
  flock -w ${LOCK_SECONDS} 9 || { echo 'another run has been at work on this node for ${LOCK_SECONDS} s' >&2; exit 1; }
fi`;

/**
 * A command of compose, with its messages in a file until it has ended: it dies at its next message when nobody listens any more, and a
 * broken connection must not end it between a container that it took away and the one that takes its place.
 */
function undisturbed(command: string): string {
  return `code=0
${command} >.compose.log 2>&1 || code=$?
cat .compose.log >&2
exit "$code"`;
}

/**
 * The scripts of a node. POSIX sh, so that they run on any host; each may be killed at any point and run again.
 * @param node its name: the containers' project is `ethstake-NODE`
 * @param directory its folder on the host, absolute
 * @param waits whether `up` ends only once all services are healthy; false where that may take days, because a client has to sync first
 */
export function applyScripts(node: string, directory: string, bundle: AppliedBundle, waits = true): ApplyScripts {
  const project = `ethstake-${node}`;
  const compose = `docker compose --project-name ${shellWord(project)} --project-directory ${shellWord(directory)}`;
  const wait = waits ? ` --wait --wait-timeout ${START_TIMEOUT_SECONDS}` : "";
  const containers = `--filter ${shellWord(`label=com.docker.compose.project=${project}`)}`;
  return {
    install: installScript(directory),
    files:
      [...bundle.directories.map(directoryLine), ...bundle.files.map(fileLine), ...bundle.secrets.map(secretLine)].join(
        "\n",
      ) + "\n",
    up: [
      "set -eu",
      "umask 077",
      // What changed is in the input for the plan's sake; compose finds out by itself what runs on what.
      "cat >/dev/null",
      `cd ${shellWord(directory)}`,
      LOCK,
      // A power cut may have left containers that were made and never started, under names that stand in compose's way.
      `for id in $(docker ps --all --quiet --filter status=created ${containers}); do docker rm "$id" >/dev/null; done`,
      // Pulled beforehand: a service is down only for as long as its container takes to start.
      `${compose} pull --quiet --policy missing`,
      undisturbed(`${compose} up --detach${wait} --remove-orphans`),
    ].join("\n"),
    services:
      Object.entries(bundle.services)
        .map(([service, hash]) => `${service} ${hash}`)
        .sort()
        .join("\n") + "\n",
    down: [
      "set -eu",
      "umask 077",
      "cat >/dev/null",
      `[ -e ${shellWord(`${directory}/compose.yaml`)} ] || exit 0`,
      `cd ${shellWord(directory)}`,
      LOCK,
      undisturbed(`${compose} down --remove-orphans`),
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
mkdir -p ${shellWord(directory)}
cd ${shellWord(directory)}
${LOCK}
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
