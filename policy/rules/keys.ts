/** Validator keys, secrets and what keeps them from signing twice. */
import { wordlist } from "@scure/bip39/wordlists/english";
import { commandLine, contents, environment, isCommand, services } from "../bundle.ts";
import { resourceRule, stackRule, type Finding, type PlannedResource, type Rule } from "../model.ts";
import { at, integer, ofTypes, present, strings, type Text } from "../values.ts";

const STACK = "pulumi:pulumi:Stack";
/** Signs for no validator, and its program has points of BLS12-381, which look like public keys. */
const KEEPER = "ethstake:index:HostKeeper";
const WORDS: ReadonlySet<string> = new Set(wordlist);
/** The shortest mnemonic. */
const MNEMONIC_WORDS = 12;
const PRIVATE_KEY_BLOCK = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
/** 32 bytes in hex after a name that says that they are a secret. */
const NAMED_SECRET =
  /(?:private_?-?key|secret_?-?key|signing_?-?key|api_?-?key|secret|password|passphrase|mnemonic|seed|jwt|token)["']?\s*[:= ]\s*["']?(?:0x)?[0-9a-f]{64}(?![0-9a-f])/i;
/** Flags and variables that turn slashing protection off. */
const UNPROTECTED =
  /slashing[-_]protection[-_]enabled["']?[=: ]+["']?false|--disable-slashing-protection(?!-web3signer=false)[\w-]*/i;
/** A BLS public key; that of a relay is followed by its host. */
const PUBLIC_KEY = /0x[0-9a-f]{96}(?![0-9a-f@])/gi;

/** What a server's first boot is told. */
function* userData(props: PlannedResource["props"]): Generator<Text> {
  for (const key of ["userData", "userDataBase64"]) {
    const value = props[key];
    if (typeof value !== "string") continue;
    yield { property: key, text: key === "userData" ? value : Buffer.from(value, "base64").toString("utf8") };
  }
}

/** Which secret a text holds; undefined when none is seen. */
export function secretIn(text: string): string | undefined {
  if (PRIVATE_KEY_BLOCK.test(text)) return "a private key";
  if (NAMED_SECRET.test(text)) return "32 bytes in hex that are called a secret";
  let run = 0;
  for (const word of text.toLowerCase().split(/[\s"',]+/)) {
    run = WORDS.has(word) ? run + 1 : 0;
    if (run >= MNEMONIC_WORDS) return "a mnemonic";
  }
  return undefined;
}

/** What signs: a keymanager's address, or the node that a command belongs to. */
interface Holder {
  readonly resource: PlannedResource;
  readonly property: string;
  readonly holder: string;
}

/** Resources that bring keys to a client. */
const KEY_RESOURCES: ReadonlySet<string> = new Set(
  ["ValidatorKeys", "RemoteKeys", "FeeRecipient", "ProposerSettings"].map((name) => `ethstake:index:${name}`),
);

/** The client's lasting name: on machines, every client's address is one of its own loopback. */
function keymanagerOf({ props }: PlannedResource): string | undefined {
  const name = at(props, "keymanager", "name");
  if (typeof name === "string") return name;
  const url = at(props, "keymanager", "url");
  return typeof url === "string" ? url.replace(/\/+$/, "") : undefined;
}

/** Every public key with everything that would sign with it. */
function holders(resources: readonly PlannedResource[]): Map<string, Holder[]> {
  const found = new Map<string, Holder[]>();
  const types = new Map(resources.map(({ urn, type }) => [urn, type]));
  const add = (key: string, holder: Holder): void => {
    const all = found.get(key.toLowerCase()) ?? [];
    all.push(holder);
    found.set(key.toLowerCase(), all);
  };
  for (const resource of resources) {
    const { type, props, parent, urn } = resource;
    if (KEY_RESOURCES.has(type)) {
      const holder = keymanagerOf(resource);
      if (holder === undefined) continue;
      for (const key of strings(props["publicKeys"])) add(key, { resource, property: "publicKeys", holder });
    } else if (isCommand(type) && types.get(parent ?? "") !== KEEPER) {
      const isOwn = parent === undefined || types.get(parent) === STACK;
      for (const { property, text } of contents(resource)) {
        for (const [key] of text.matchAll(PUBLIC_KEY)) add(key, { resource, property, holder: isOwn ? urn : parent });
      }
    }
  }
  return found;
}

/** Ranges of one mnemonic that overlap although different validator clients sign with them. */
function* overlaps(resources: readonly PlannedResource[]): Generator<Finding> {
  const ranges = ofTypes(resources, "ethstake:index:ValidatorKeys").flatMap((resource) => {
    const { mnemonicFile, startIndex = 0, count } = resource.props;
    const [first, size] = [integer(startIndex), integer(count)];
    return typeof mnemonicFile !== "string" || first === undefined || size === undefined
      ? []
      : [{ resource, mnemonicFile, first, last: first + size - 1n }];
  });
  for (const [index, range] of ranges.entries()) {
    const other = ranges
      .slice(0, index)
      .find(
        ({ mnemonicFile, first, last }) =>
          mnemonicFile === range.mnemonicFile && first <= range.last && range.first <= last,
      );
    if (!other) continue;
    yield {
      resource: range.resource,
      property: "startIndex",
      value: `${range.first} to ${range.last}, of which ${other.resource.name} has ${other.first} to ${other.last}`,
      fix: "Give each range of keys to one node: two signers of one key are slashed.",
    };
  }
}

export const KEY_RULES: readonly Rule[] = [
  resourceRule({
    name: "host-key-pinned",
    description: "Connections to hosts pin the host's key: without one anybody in between gets what is sent.",
    severity: "mandatory",
    *check({ type, props }) {
      if (!type.startsWith("command:remote:")) return;
      const fix = "Set it to the host's public key.";
      const value = at(props, "connection", "hostKey");
      if (!present(value)) yield { property: "connection.hostKey", value, fix };
      const proxy = at(props, "connection", "proxy");
      if (proxy !== undefined && !present(at(proxy, "hostKey"))) {
        yield { property: "connection.proxy.hostKey", value: undefined, fix };
      }
    },
  }),
  resourceRule({
    name: "no-plain-secrets",
    description:
      "Commands, environments, files and user data hold no secret in the open: they end up in states, logs and process lists.",
    severity: "mandatory",
    *check(resource) {
      const { type, props, secrets } = resource;
      const isServer = /:(Instance|Server|Droplet)$/.test(type);
      if (!isCommand(type) && !isServer) return;
      const given = isServer ? userData(props) : contents(resource);
      const seen = new Set<string>();
      for (const { property, text } of given) {
        const [key = ""] = property.split(/[.[]/);
        if (secrets?.has(key) === true) continue;
        // Where secrets come unmarked, these may well be secret: only what everybody on the host can see is certain.
        if (!secrets && (isServer || key === "stdin" || key === "source")) continue;
        const name = property.slice(property.lastIndexOf(".") + 1);
        const secret = secretIn(text) ?? secretIn(`${name}=${text}`);
        if (secret === undefined || seen.has(property)) continue;
        seen.add(property);
        yield {
          property,
          value: secret,
          fix: "Make it a secret and send it by standard input, or name a file on the host.",
        };
      }
    },
  }),
  resourceRule({
    name: "slashing-protection-on",
    description: "No signer or validator client runs with its slashing protection turned off.",
    severity: "mandatory",
    *check(resource) {
      const fix = "Leave slashing protection on; move its database with the keys instead.";
      let found = false;
      for (const service of services(resource)) {
        const off = UNPROTECTED.exec([commandLine(service), ...environment(service)].join(" "))?.[0];
        if (off === undefined) continue;
        found = true;
        yield { property: service.property, value: off, fix };
      }
      // A signer's options may be in a file beside the compose file.
      if (!found && resource.type.startsWith("command:")) {
        for (const { property, text } of contents(resource)) {
          const off = UNPROTECTED.exec(text)?.[0];
          if (off === undefined) continue;
          yield { property, value: off, fix };
          break;
        }
      }
      if (resource.type !== "ethstake:index:Process") return;
      const words = strings(resource.props["args"]).join(" ");
      const off = UNPROTECTED.exec(words)?.[0];
      if (off !== undefined) yield { property: "args", value: off, fix };
    },
  }),
  stackRule({
    name: "keys-unique",
    description: "A validator key is on one node only: two signers of one key are slashed.",
    severity: "mandatory",
    *check(resources) {
      for (const [key, all] of holders(resources)) {
        const [first] = all;
        const other = all.find(({ holder }) => holder !== first?.holder);
        if (!first || !other) continue;
        yield {
          resource: other.resource,
          property: other.property,
          value: `${key}, which ${first.resource.name} has too`,
          fix: "Take the key off one of the nodes, and move its slashing protection first.",
        };
      }
      yield* overlaps(resources);
    },
  }),
  resourceRule({
    name: "keymanager-not-public",
    description:
      "Keymanager APIs are reached on loopback, on a private network or by TLS: their token can delete keys.",
    severity: "mandatory",
    *check({ type, props }) {
      if (!/^ethstake:index:(ValidatorKeys|FeeRecipient)$/.test(type)) return;
      const value = at(props, "keymanager", "url");
      if (typeof value !== "string" || value.startsWith("https://")) return;
      if (/^http:\/\/(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|localhost[:/]|\[::1\]|\[f[cd])/.test(value))
        return;
      yield { property: "keymanager.url", value, fix: "Use https, or a tunnel to the host's loopback address." };
    },
  }),
];
