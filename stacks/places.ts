/** Loopback ports of APIs and metrics of a host's first node. */
export const BASE_PORT = 20_000;
/** The account that cloud-init makes is the first on the machine. */
export const HOST_UID = 1_000;
