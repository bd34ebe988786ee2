import type { OpenPort } from "../components/host/spec.ts";

/** What a machine's first boot is told. */
export interface CloudInitSpec {
  readonly hostname: string;
  /** The account that operates the machine; root cannot log in. */
  readonly user: string;
  /** OpenSSH public keys that may log in. */
  readonly authorizedKeys: readonly string[];
  /** The machine's own SSH key, made beforehand so that the first connection can check it. The private half is secret. */
  readonly hostKey: { readonly private: string; readonly public: string };
  /** CIDR blocks that may reach SSH. */
  readonly sshAllow: readonly string[];
  readonly sshPort: number;
  /** Open to the world. */
  readonly ports: readonly OpenPort[];
  /**
   * The data volume: a block device that is formatted only when it is blank, and where it is mounted. Without a device the folder is
   * on the root disk.
   */
  readonly data: { readonly device?: string; readonly directory: string };
  /** CIDR blocks of the private network between hosts: allowed both ways. Other private ranges are dropped on the way out. */
  readonly privateNetworks: readonly string[];
}
