import ssh2 from "ssh2";

const { utils } = ssh2;

/** An SSH key pair (Ed25519). One in 300 that ssh2 makes has a byte too few and can be read by nobody (1.17.0): those are made again. */
export function sshKeyPair(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519");
    if (![pair.private, pair.public].some((key) => utils.parseKey(key) instanceof Error)) return pair;
  }
}
