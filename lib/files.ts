import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file so that after a crash at any moment it holds the old content or the new, never a part. Modes: 0600 for what is
 * secret.
 */
export async function writeFileAtomically(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = await writeTemporary(file, content, mode);
  await rename(temporary, file);
  // The new name, too, must survive a power cut before anybody acts on it.
  const directory = await open(dirname(file), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Creates a file with its full content, or leaves the one that is there: of two writers one wins and both see the same file after.
 * @returns whether this call created it
 */
export async function createFileOnce(file: string, content: string | Uint8Array, mode = 0o600): Promise<boolean> {
  const temporary = await writeTemporary(file, content, mode);
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

/** Whether something exists at a path. */
export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** A JSON file's content; undefined when there is no such file. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Reads a file that holds a secret, if it is a regular file that belongs to this user and nobody else can read it. What is checked is
 * the file that is read, not what its name meant a moment before.
 * @param refuse makes the error from what is wrong, e.g. "can be read by other users"
 */
export async function readPrivateFile(
  file: string,
  refuse: (problem: string, cause?: unknown) => Error,
): Promise<string> {
  // Without O_NONBLOCK a named pipe would be waited for.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw refuse("cannot be read", cause);
  });
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw refuse("is not a regular file");
    if (process.getuid && info.uid !== process.getuid()) throw refuse("belongs to another user");
    if ((info.mode & 0o077) !== 0) throw refuse("can be read by other users");
    return (await handle.readFile("utf8")).trim();
  } finally {
    await handle.close();
  }
}

async function writeTemporary(file: string, content: string | Uint8Array, mode: number): Promise<string> {
  await mkdir(dirname(file), { recursive: true, ...(mode === 0o600 ? { mode: 0o700 } : {}) });
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  const handle = await open(temporary, "wx", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}
