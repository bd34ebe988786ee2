import { z } from "zod";
import { CheckFailure } from "./checks.ts";

/** No answer that is asked for is longer; a server that sends more is not what it should be. */
const MAX_ANSWER_BYTES = 1_048_576;

const rpcSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number().optional(), message: z.string().optional() }).nullish(),
});

/** The JSON-RPC server has no such method: what it is asked for may be found out in another way, or not at all. */
export class MethodMissing extends CheckFailure {}

/** What an HTTP server answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A URL as reports show it. Its path and user may hold a provider's key. */
export function shownUrl(url: string): string {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return "(not a URL)";
  }
}

/** An address below a base URL, whose own path, query and all stay; without user and password, which fetch refuses. */
export function urlBelow(base: string, path: string): URL {
  const url = parseUrl(base);
  url.username = "";
  url.password = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  return url;
}

/** GET, whatever the status. @throws CheckFailure when there is no answer */
export async function get(base: string, path: string, signal: AbortSignal): Promise<Answer> {
  return await request(urlBelow(base, path), { signal, headers: { accept: "application/json" } });
}

/** GET of JSON. @throws CheckFailure unless the answer is one of status 2xx and of this shape */
export async function getJson<Value>(
  base: string,
  path: string,
  schema: z.ZodType<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const { status, text } = await get(base, path, signal);
  if (!isSuccess(status)) throw new CheckFailure(`answered HTTP ${status} to ${path}`);
  return parseAnswer(text, schema, path);
}

/** Whether an HTTP status says that it went well. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** A JSON-RPC call. @throws CheckFailure, {@link MethodMissing} */
export async function rpc(url: string, method: string, params: unknown[], signal: AbortSignal): Promise<unknown> {
  const target = parseUrl(url);
  const login = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
  const authorization = login === ":" ? {} : { authorization: `Basic ${Buffer.from(login).toString("base64")}` };
  target.username = "";
  target.password = "";
  const { status, text } = await request(target, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal,
  });
  // Errors of JSON-RPC come with any status: the body is looked at first.
  const answer = rpcSchema.safeParse(jsonOrUndefined(text));
  if (answer.data?.error) {
    const { code, message = "no reason given" } = answer.data.error;
    const problem = `refused ${method}: ${message.slice(0, 200)}`;
    throw code === -32_601 ? new MethodMissing(problem) : new CheckFailure(problem);
  }
  if (!isSuccess(status)) throw new CheckFailure(`answered HTTP ${status} to ${method}`);
  if (answer.data?.result === undefined) throw new CheckFailure(`answered ${method} with something else`);
  return answer.data.result;
}

function parseUrl(url: string): URL {
  if (!URL.canParse(url)) throw new CheckFailure("is not a URL");
  return new URL(url);
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parseAnswer<Value>(text: string, schema: z.ZodType<Value>, path: string): Value {
  const { data, success } = schema.safeParse(jsonOrUndefined(text));
  if (!success) throw new CheckFailure(`answered ${path} with something else`);
  return data;
}

async function request(url: URL, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, init);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      const bytes = chunk as Uint8Array;
      size += bytes.length;
      if (size > MAX_ANSWER_BYTES) throw new CheckFailure("answers with more than a mebibyte");
      chunks.push(bytes);
    }
    return { status: response.status, text: Buffer.concat(chunks).toString("utf8") };
  } catch (error) {
    throw error instanceof CheckFailure ? error : new CheckFailure(`does not answer${reason(error)}`);
  }
}

/** Why a connection failed, by the system's short name: messages may hold the URL. */
function reason(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? ` (${code})` : "";
}
