import { isPortFree } from "../provider/process/launch.ts";

/** Below the ports that systems give to outgoing connections, any of which could otherwise have it when a client comes to listen. */
const [FIRST, LAST] = [10_000, 31_999] as const;
/** Ports that a process begins with: until a client listens on one, no other process can see that it is given away. */
const OWN = 200;

let next = FIRST + (process.pid % ((LAST + 1 - FIRST) / OWN)) * OWN;

/** Ports of loopback on which nothing listens now. None is given twice. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = next;
    next = port === LAST ? FIRST : port + 1;
    if (await isPortFree(port)) ports.push(port);
  }
  return ports;
}

/** A port of loopback on which nothing listens now. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
