import { EthstakeError } from "../../lib/errors.ts";
import { shellWord } from "../../lib/shell.ts";
import { withUsers } from "./bundle.ts";
import type { GatewaySpec } from "./spec.ts";

/** A user's password hash cannot be used. Its text is in no message. */
export class GatewayPasswordError extends EthstakeError<{ readonly user: string }> {
  readonly code = "GATEWAY_PASSWORD";
  constructor(user: string, problem: string, cause?: unknown) {
    super(
      `The password hash of the gateway's user ${user} ${problem}.`,
      { user },
      { remedy: "Make one with htpasswd -nBC 12 NAME, or caddy hash-password, and keep what follows the name.", cause },
    );
  }
}

/** Of bcrypt: below, guessing is cheap; above, each login takes the gateway's processor for seconds. */
const COST = { least: 10, most: 15 } as const;

/**
 * Looks at a bcrypt hash.
 * @returns it without the space around it
 * @throws {@link GatewayPasswordError}
 */
export function bcryptHash(user: string, text: string): string {
  const hash = text.trim();
  const [, cost = ""] = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash) ?? [];
  if (cost === "") throw new GatewayPasswordError(user, "is no bcrypt hash");
  if (Number(cost) < COST.least || Number(cost) > COST.most)
    throw new GatewayPasswordError(user, `has a cost of ${cost}, and must have one of ${COST.least} to ${COST.most}`);
  return hash;
}

/**
 * What the script {@link usersScript} reads: `UPSTREAM BASE64`, a line each. Secret: hashes can be guessed at.
 * @param hashes bcrypt hashes by user
 */
export function usersInput(spec: GatewaySpec, hashes: Readonly<Record<string, string>>): string {
  return spec.upstreams
    .flatMap(({ name, authentication }) => {
      if (authentication.kind !== "basic") return [];
      const content = authentication.users.map((user) => `${user} ${hashOf(user, hashes)}\n`).join("");
      return [`${name} ${Buffer.from(content).toString("base64")}\n`];
    })
    .join("");
}

function hashOf(user: string, hashes: Readonly<Record<string, string>>): string {
  const hash = Object.hasOwn(hashes, user) ? hashes[user] : undefined;
  if (hash === undefined) throw new GatewayPasswordError(user, "is missing");
  return bcryptHash(user, hash);
}

/**
 * Script that writes the files of users, each in one step, and has a Caddy that runs read them: it reads them at its start only. Files of
 * upstreams that are gone go, too. POSIX sh; may be killed at any point and run again.
 */
export function usersScript(spec: GatewaySpec): string {
  const project = `ethstake-${spec.name}`;
  const known = withUsers(spec).map((name) => `users-${name}`);
  return `set -eu
umask 077
mkdir -p ${shellWord(`${spec.directory}/secrets`)}
cd ${shellWord(`${spec.directory}/secrets`)}
while read -r name content; do
  printf '%s' "$content" | base64 -d >".users-$name.incoming"
  chmod 0440 ".users-$name.incoming"
  if cmp -s ".users-$name.incoming" "users-$name"; then
    rm ".users-$name.incoming"
  else
    # Said before the file is in place: who is killed in between says it again.
    : >.users-changed
    mv -f ".users-$name.incoming" "users-$name"
  fi
done
if [ -e .users-changed ]; then
  for id in $(docker ps --quiet --filter ${shellWord(`label=com.docker.compose.project=${project}`)} --filter label=com.docker.compose.service=caddy); do
    docker restart "$id" >/dev/null
  done
  rm -f .users-changed
fi
# Last: a container that still has them mounted does not start without them.
for file in users-*; do
  case " ${known.join(" ")} " in
  *" $file "*) ;;
  *) rm -f "$file" ;;
  esac
done
`;
}
