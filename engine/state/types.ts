/** The deployment format, version 3, as `pulumi stack export` writes it. */
import type { Json, PropertyMap } from "../values.ts";

/** How long an operation may take, in seconds. */
export interface Timeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
}

/**
 * A resource as the state keeps it. In memory secrets are `{signature, value}`; on disk `{signature, ciphertext}`. Optional
 * members are absent rather than empty.
 */
export interface ResourceState {
  readonly urn: string;
  readonly custom: boolean;
  /** Replaced already, and to be deleted. */
  readonly delete?: true;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: PropertyMap;
  readonly outputs?: PropertyMap;
  readonly parent?: string;
  readonly protect?: true;
  /** Read, not managed. */
  readonly external?: true;
  readonly dependencies?: readonly string[];
  /** Reasons why the resource did not become ready: it is updated at the next run. */
  readonly initErrors?: readonly string[];
  /** The provider as `urn::id`. */
  readonly provider?: string;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  /** Deleted to be created anew; the record stays so that an interruption does not lose it. */
  readonly pendingReplacement?: true;
  readonly additionalSecretOutputs?: readonly string[];
  readonly aliases?: readonly string[];
  readonly customTimeouts?: Timeouts;
  readonly importID?: string;
  readonly retainOnDelete?: true;
  readonly deletedWith?: string;
  readonly replacementTrigger?: Json;
  readonly created?: string;
  readonly modified?: string;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
}

/** What was under way when a run was killed. */
export type OperationKind = "creating" | "updating" | "deleting" | "reading" | "importing";

/** A pending operation as the checkpoint keeps it. */
export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: OperationKind;
}

/** Who can decrypt the secrets. */
export interface SecretsProvider {
  readonly type: string;
  readonly state?: { readonly salt?: string };
}

/** The inner part of a deployment. */
export interface Deployment {
  readonly manifest: { readonly time: string; readonly magic: string; readonly version: string };
  readonly secrets_providers?: SecretsProvider;
  readonly resources?: readonly ResourceState[];
  readonly pending_operations?: readonly PendingOperation[];
  readonly metadata?: Record<string, unknown>;
}

/** A whole deployment file. */
export interface DeploymentFile {
  readonly version: 3;
  readonly deployment: Deployment;
}

/** A change of the state. Each sets or removes one entry, so that replaying a journal twice does no harm. */
export type Effect =
  /** Sets the live resource of its URN. */
  | { readonly put: ResourceState }
  /** Removes the live resource of a URN. */
  | { readonly remove: string }
  /** Keeps a replaced resource until it is deleted. */
  | { readonly condemn: ResourceState }
  /** Removes a condemned resource. */
  | { readonly buried: { readonly urn: string; readonly id: string } }
  /** A resource has a new URN: what refers to the old one means the new one. */
  | { readonly rename: { readonly from: string; readonly to: string } };
