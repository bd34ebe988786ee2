/** Uniform resource names: `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`. */

/** Type of the resource that stands for the stack itself. */
export const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_PREFIX = "pulumi:providers:";

/** The parts of a URN. */
export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** Types of the component parents and the resource's own, joined by `$`. */
  readonly qualifiedType: string;
  /** The resource's own type. */
  readonly type: string;
  readonly name: string;
}

/** Takes a URN apart. A name may itself contain `::`. */
export function parseUrn(urn: string): UrnParts {
  const [head = "", project = "", qualifiedType = "", ...name] = urn.split("::");
  return {
    stack: head.slice("urn:pulumi:".length),
    project,
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}

/** Makes a URN. The stack's own type is not part of its children's types. */
export function makeUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent === undefined || parent === "" ? "" : parseUrn(parent).qualifiedType;
  const prefix = parentType === "" || parentType === STACK_TYPE ? "" : `${parentType}$`;
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

/** The package that a type belongs to, and for a provider's type the package it provides. */
export function packageOf(type: string): string {
  return type.startsWith(PROVIDER_PREFIX) ? type.slice(PROVIDER_PREFIX.length) : (type.split(":")[0] ?? "");
}

/** Whether the type is that of a provider resource. */
export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_PREFIX);
}

/** The type of the provider resource of a package. */
export function providerType(name: string): string {
  return PROVIDER_PREFIX + name;
}

/** Name of a default provider resource: `default`, with the version when the program asks for one. */
export function defaultProviderName(version: string): string {
  return version === "" ? "default" : `default_${version.replaceAll(".", "_").replaceAll("+", "_")}`;
}

/** Whether a URN names a default provider. */
export function isDefaultProvider(urn: string): boolean {
  const { type, name } = parseUrn(urn);
  return isProviderType(type) && (name === "default" || name.startsWith("default_"));
}

/** Takes a provider reference `urn::id` apart. */
export function parseProviderRef(ref: string): { readonly urn: string; readonly id: string } {
  const at = ref.lastIndexOf("::");
  return { urn: ref.slice(0, at), id: ref.slice(at + 2) };
}
