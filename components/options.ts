import type { ComponentResource, ComponentResourceOptions, CustomResourceOptions } from "@pulumi/pulumi";

/**
 * Options for a component's children. `deletedWith` is handed on: what stands on a chain that goes as a whole need not be undone
 * transaction by transaction.
 */
export function childOptions(
  parent: ComponentResource,
  options: ComponentResourceOptions | undefined,
): CustomResourceOptions {
  return { parent, ...(options?.deletedWith ? { deletedWith: options.deletedWith } : {}) };
}
