import type { PublicNetwork } from "../spec.ts";

/** Memory of a client whose need follows the network's size. Hoodi has about as many validators as mainnet, Sepolia has few. */
export function consensusMemory(mainnet: number): Readonly<Record<PublicNetwork, number>> {
  return { mainnet, hoodi: mainnet, sepolia: Math.round(mainnet / 2) };
}

/** Memory of an execution client: the state of both test networks is a fraction of mainnet's. */
export function executionMemory(mainnet: number, testnet: number): Readonly<Record<PublicNetwork, number>> {
  return { mainnet, hoodi: testnet, sepolia: testnet };
}

/** The same memory everywhere. */
export function fixedMemory(mebibytes: number): Readonly<Record<PublicNetwork, number>> {
  return { mainnet: mebibytes, hoodi: mebibytes, sepolia: mebibytes };
}

/** Healthy when a port takes connections. For images that have bash: Ubuntu's, Debian's, and Prysm's, which adds it to distroless. */
export function tcpCheck(port: number): string[] {
  return ["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`];
}

/** Healthy when a GET is answered with 200; needs bash and nothing else. */
export function httpCheck(port: number, path: string): string[] {
  const request = `GET ${path} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n`;
  return [
    "CMD",
    "bash",
    "-c",
    `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${request}' >&3; read -r _ status _ <&3; [ "$status" = 200 ]`,
  ];
}

/** Healthy when a GET is answered with 200; for Alpine's images, whose busybox has wget and no bash. */
export function wgetCheck(port: number, path: string): string[] {
  return ["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`];
}

/** An option with its value when there is one. */
export function option(name: string, value: string | undefined): string[] {
  return value === undefined || value === "" ? [] : [`${name}=${value}`];
}
