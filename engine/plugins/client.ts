/** A running provider: its process and the calls to it. */
import { Client, credentials, Metadata, status, type MethodDefinition, type ServiceError } from "@grpc/grpc-js";
import { PluginError, ProviderCallError } from "../errors.ts";
import { decode } from "../rpc/wire.ts";
import { initFailed, providerMethods, rpcStatus, type InitFailed } from "../rpc/protocol.ts";
import type { PluginCommand } from "./locate.ts";
import { Process } from "./process.ts";

/** Options of every gRPC channel and server here: the SDK's limits, so that whatever it may send is taken. */
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
  "grpc.server_max_unrequested_time_in_server": 30 * 60,
};

/** What a provider process needs from the run. */
export interface PluginHost {
  readonly engineAddress: string;
  readonly onStart: (pid: number, role: string) => void;
  readonly onOutput: (provider: string, stream: "stdout" | "stderr", line: string) => void;
}

/** How long a provider may take to say its port. */
const START_TIMEOUT_MS = 60_000;

/** A provider process and its gRPC client. */
export class PluginClient {
  readonly name: string;
  private readonly process: Process;
  private readonly client: Promise<Client>;

  constructor(command: PluginCommand, host: PluginHost) {
    this.name = command.name;
    let announce: (port: number) => void = () => undefined;
    const port = new Promise<number>((resolve) => (announce = resolve));
    let announced = false;
    this.process = new Process({
      command: command.command,
      args: [...command.args, host.engineAddress],
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
      onStart: (pid) => host.onStart(pid, `provider ${command.name}`),
      onLine: (stream, line) => {
        if (!announced && stream === "stdout" && /^\s*\d+\s*$/.test(line)) {
          announced = true;
          announce(Number(line));
        } else host.onOutput(command.name, stream, line);
      },
    });
    this.client = this.connect(port);
    // Whoever calls first learns of a failed start; until then it is nobody's unhandled rejection.
    this.client.catch(() => undefined);
  }

  private async connect(port: Promise<number>): Promise<Client> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          new PluginError(`The provider ${this.name} did not say its port in ${START_TIMEOUT_MS / 1000} s.`, {
            name: this.name,
          }),
        );
      }, START_TIMEOUT_MS);
    });
    const died = this.process.exit.then(({ code, signal, error }) => {
      const how = error ? error.message : signal ? `signal ${signal}` : `exit code ${String(code)}`;
      throw new PluginError(`The provider ${this.name} ended before it was ready (${how}).`, { name: this.name });
    });
    died.catch(() => undefined);
    try {
      const address = `127.0.0.1:${await Promise.race([port, died, late])}`;
      return new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Calls a method. Throws {@link ProviderCallError}, or {@link PluginError} when the process did not start. */
  async call<Q, R>(method: MethodDefinition<Q, R>, request: Q): Promise<R> {
    const client = await this.client;
    return new Promise<R>((resolve, reject) => {
      client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        {},
        (error: ServiceError | null, value?: R) => {
          if (error || value === undefined) reject(this.failure(method.path, error));
          else resolve(value);
        },
      );
    });
  }

  private failure(path: string, error: ServiceError | null): ProviderCallError {
    const method = path.slice(path.lastIndexOf("/") + 1);
    const trailer = error?.metadata.get("grpc-status-details-bin")[0];
    const gone = error?.code === status.UNAVAILABLE || error?.code === status.CANCELLED;
    const text = gone
      ? `The provider ${this.name} went away during ${method}.`
      : (error?.details ?? `${method} gave no answer.`);
    return new ProviderCallError(text === "" ? `${method} failed.` : text, {
      method,
      unimplemented: error?.code === status.UNIMPLEMENTED,
      gone,
      details: typeof trailer === "string" || trailer === undefined ? undefined : trailer,
    });
  }

  /** Asks the provider to give up what it is doing. */
  async cancel(): Promise<void> {
    await this.call(providerMethods.cancel, {}).catch(() => undefined);
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.client.then((client) => client.close()).catch(() => undefined);
    await this.process.stop();
  }

  /** Kills the process. */
  kill(): void {
    this.process.kill();
  }
}

/** Whether the provider does not have the method. */
export function isUnimplemented(error: unknown): boolean {
  return error instanceof ProviderCallError && error.data.unimplemented;
}

/** What a failed create or update left behind, when the resource exists but did not become ready. */
export function initFailure(error: unknown): InitFailed | undefined {
  if (!(error instanceof ProviderCallError) || error.data.details === undefined) return undefined;
  const detail = decode(rpcStatus, error.data.details).details.find((item) =>
    item.typeUrl.endsWith("ErrorResourceInitFailed"),
  );
  return detail && decode(initFailed, detail.value);
}
