import type { LinkSpec } from "../../monitoring/link.ts";
import { MONITORING_PROJECT } from "../../monitoring/compose.ts";
import { EthstakeError } from "../../lib/errors.ts";
import { shellWord } from "../../lib/shell.ts";

/** A host gave something else than its WireGuard key. */
export class MonitoringKeyError extends EthstakeError<{ readonly host: string }> {
  readonly code = "MONITORING_KEY";
  constructor(host: string) {
    super(
      `The host ${host} gave no public key for its link to the monitoring host.`,
      { host },
      { remedy: "Look whether it has openssl, and run up again." },
    );
  }
}

/** What begins a private key of X25519 in DER (RFC 8410), as printf writes it. */
const DER = "\\060\\056\\002\\001\\000\\060\\005\\006\\003\\053\\145\\156\\004\\042\\004\\040";

/**
 * Script that makes the host's WireGuard key when there is none, and prints the public half. The private one never leaves the host. POSIX
 * sh with openssl; may be killed at any point and run again.
 */
export function keyScript(directory: string): string {
  return `set -eu
umask 077
cat >/dev/null
mkdir -p ${shellWord(`${directory}/secrets`)}
cd ${shellWord(`${directory}/secrets`)}
if [ ! -s link.key ]; then
  openssl genpkey -algorithm X25519 -outform DER | tail -c 32 | base64 >.link.key.incoming
  [ "$(base64 -d <.link.key.incoming | wc -c)" -eq 32 ]
  chmod 0400 .link.key.incoming
  mv -f .link.key.incoming link.key
fi
{ printf '${DER}'; base64 -d <link.key; } | openssl pkey -inform DER -pubout -outform DER | tail -c 32 | base64
`;
}

/** A public key as {@link keyScript} printed it. @throws {@link MonitoringKeyError} */
export function publicKey(host: string, printed: string): string {
  const key = printed.trim();
  if (!/^[A-Za-z0-9+/]{43}=$/.test(key)) throw new MonitoringKeyError(host);
  return key;
}

/**
 * Script that writes an end's keys and peers for wireproxy, and has one that runs read them: it reads them at its start only. It reads the
 * peers.
 * @param address the end's own
 */
export function linkScript(directory: string, address: string, { isMonitor, port }: LinkSpec): string {
  return `set -eu
umask 077
cd ${shellWord(`${directory}/secrets`)}
{
  printf '[Interface]\\nPrivateKey = %s\\nAddress = ${address}/128\\n' "$(cat link.key)"
  ${isMonitor ? `printf 'ListenPort = ${port}\\n'` : ":"}
  printf '\\n'
  cat
} >.link.conf.incoming
chmod 0400 .link.conf.incoming
if cmp -s .link.conf.incoming link.conf; then
  rm -f .link.conf.incoming
else
  # Said before the file is in place: who is killed in between says it again.
  : >.link-changed
  mv -f .link.conf.incoming link.conf
fi
if [ -e .link-changed ]; then
  for id in $(docker ps --quiet --filter ${shellWord(`label=com.docker.compose.project=${MONITORING_PROJECT}`)} --filter label=com.docker.compose.service=link); do
    docker restart "$id" >/dev/null
  done
  rm -f .link-changed
fi
`;
}

/** What {@link credentialsScript} reads: `PATH BASE64`, a line each. Secret. */
export function credentialsInput(names: readonly string[], credentials: Readonly<Record<string, string>>): string {
  return names
    .map((path) => {
      const name = path.replace(/^secrets\//, "");
      const value = Object.hasOwn(credentials, name) ? credentials[name] : undefined;
      // Only what is missing is said, and nothing of what is there.
      if (value === undefined) throw new TypeError(`monitoring needs the credential ${name}`);
      return `${name} ${Buffer.from(value.trim()).toString("base64")}\n`;
    })
    .join("");
}

/**
 * Script that writes the files of credentials, each in one step. Nobody is started anew: Alertmanager and Prometheus read them at each
 * use. Files that no configuration names any more go.
 */
export function credentialsScript(directory: string): string {
  return `set -eu
umask 077
mkdir -p ${shellWord(`${directory}/secrets/alertmanager`)} ${shellWord(`${directory}/secrets/prometheus`)}
cd ${shellWord(`${directory}/secrets`)}
: >.credentials.incoming
while read -r path content; do
  printf '%s' "$content" | base64 -d >"$path.incoming"
  chmod 0400 "$path.incoming"
  mv -f "$path.incoming" "$path"
  printf '%s\\n' "$path" >>.credentials.incoming
done
for path in alertmanager/* prometheus/*; do
  [ -e "$path" ] || continue
  grep -qxF "$path" .credentials.incoming || rm -f "$path"
done
rm -f .credentials.incoming
`;
}
