/** Functions and reads: what a program asks without registering a resource of its own. */
import { basename } from "node:path";
import { CancelledError, ResourceError, UnsupportedError } from "../errors.ts";
import {
  type CallResponse,
  type InvokeResponse,
  type ReadResourceRequest,
  type ReadResourceResponse,
  type ResourceCallRequest,
  type ResourceInvokeRequest,
} from "../rpc/protocol.ts";
import { openState } from "../state/seal.ts";
import { readSealed, stackPaths } from "../state/store.ts";
import type { ResourceState } from "../state/types.ts";
import { makeUrn, packageOf, STACK_TYPE } from "../urn.ts";
import {
  flattenOutputs,
  hasSecret,
  hasUnknown,
  keepSecrets,
  reveal,
  secret,
  UNKNOWN,
  type Json,
  type PropertyMap,
} from "../values.ts";
import { Passphrase } from "../secrets.ts";
import { errorMessage } from "../../lib/errors.ts";
import { needsKey } from "../state/seal.ts";
import { goalOf, stateOf } from "./goal.ts";
import type { Registrar } from "./registrar.ts";

const STACK_REFERENCE = "pulumi:pulumi:StackReference";

/** Serves `invoke`, `call` and `readResource`. */
export class Invoker {
  private readonly registrar: Registrar;
  /** Where the monitor listens; set when it does. */
  monitorAddress = "";

  constructor(registrar: Registrar) {
    this.registrar = registrar;
  }

  /** Calls a function of a provider, or one of the engine's own. */
  invoke(request: ResourceInvokeRequest): Promise<InvokeResponse> {
    return this.registrar.track(async () => {
      const args = flattenOutputs(request.args ?? {});
      const { context, defaults } = this.registrar;
      if (request.tok === "pulumi:pulumi:getResource") return { return: this.getResource(args), failures: [] };
      if (request.tok === "pulumi:pulumi:readStackOutputs") {
        return { return: await this.stackOutputs(textOf(args["name"])), failures: [] };
      }
      if (packageOf(request.tok) === "pulumi") throw new UnsupportedError(`The function ${request.tok} is`);
      const ref = await defaults.resolve(request.provider, packageOf(request.tok), request.version);
      const answer = await context.limiter.run(() =>
        context.registry.byReference(ref).invoke(request.tok, args, context.dryRun),
      );
      context.redactor.addSecrets(answer.return ?? {});
      return answer;
    });
  }

  /** Calls a method of a resource. */
  call(request: ResourceCallRequest): Promise<CallResponse> {
    return this.registrar.track(async () => {
      const { context, defaults } = this.registrar;
      const ref = await defaults.resolve(request.provider, packageOf(request.tok), request.version);
      return context.registry.byReference(ref).callMethod({
        tok: request.tok,
        args: flattenOutputs(request.args ?? {}),
        argDependencies: request.argDependencies,
        project: context.project.name,
        stack: context.stack,
        config: { ...context.config.values },
        configSecretKeys: [...context.config.secretKeys],
        dryRun: context.dryRun,
        parallel: context.parallel,
        monitorEndpoint: this.monitorAddress,
        organization: "organization",
      });
    });
  }

  private getResource(args: PropertyMap): PropertyMap {
    const urn = textOf(args["urn"]);
    const state = this.registrar.current.get(urn) ?? this.registrar.base.get(urn);
    if (!state) throw new ResourceError(`The resource ${urn} does not exist.`, { urn });
    return { urn, id: state.id === UNKNOWN ? "" : (state.id ?? ""), state: state.outputs ?? {} };
  }

  /** Reads a resource that another stack or nobody manages. It is kept in the state as external. */
  read(request: ReadResourceRequest): Promise<ReadResourceResponse> {
    return this.registrar.track(async () => {
      const { context, defaults } = this.registrar;
      if (context.signal.aborted) throw new CancelledError();
      const urn = makeUrn(context.stack, context.project.name, request.parent, request.type, request.name);
      const inputs = flattenOutputs(request.properties ?? {});
      const isReference = request.type === STACK_REFERENCE;
      const provider = isReference
        ? ""
        : await defaults.resolve(request.provider, packageOf(request.type), request.version);
      this.registrar.seen.add(urn);
      const end = context.recorder.start({ op: "read", urn, id: request.id });
      try {
        const outputs = isReference
          ? await this.stackOutputs(textOf(reveal(inputs)["name"] ?? request.id))
          : await this.readOutputs(urn, request, provider, inputs);
        const state = this.externalState(request, urn, provider, inputs, outputs);
        this.registrar.current.set(urn, state);
        context.redactor.addSecrets(outputs);
        const before = this.registrar.base.get(urn);
        if (JSON.stringify(before) !== JSON.stringify(state)) await this.registrar.executor.record([{ put: state }]);
        end();
        return { urn, properties: outputs };
      } catch (error) {
        end({ error: errorMessage(error) });
        context.recorder.error(errorMessage(error), urn);
        throw error;
      }
    });
  }

  private externalState(
    request: ReadResourceRequest,
    urn: string,
    provider: string,
    inputs: PropertyMap,
    outputs: PropertyMap,
  ): ResourceState {
    const before = this.registrar.base.get(urn);
    const goal = goalOf(
      {
        ...request,
        custom: true,
        object: inputs,
        protect: false,
        propertyDependencies: {},
        deleteBeforeReplace: false,
        ignoreChanges: [],
        acceptSecrets: true,
        aliasUrns: [],
        importId: "",
        deleteBeforeReplaceDefined: false,
        remote: false,
        acceptResources: true,
        providers: {},
        replaceOnChanges: [],
        pluginDownloadUrl: "",
        retainOnDelete: false,
        aliases: [],
        deletedWith: "",
        transforms: [],
        supportsResultReporting: true,
        packageRef: "",
        replaceWith: [],
      },
      urn,
      provider,
      [],
    );
    const now = new Date().toISOString();
    const times = { created: before?.created ?? now, modified: before?.modified ?? now };
    return { ...stateOf(goal, { id: request.id, inputs, outputs, ...times }), external: true };
  }

  private async readOutputs(
    urn: string,
    request: ReadResourceRequest,
    provider: string,
    inputs: PropertyMap,
  ): Promise<PropertyMap> {
    const { context } = this.registrar;
    const found = await context.limiter.run(() =>
      context.registry.byReference(provider).read(urn, request.id, {}, inputs),
    );
    if (!found) throw new ResourceError(`There is no ${request.type} with the id ${request.id}.`, { urn });
    return keepSecrets(found.outputs, inputs, request.additionalSecretOutputs);
  }

  /** What a StackReference gives: the outputs of another stack kept in the same state folder. */
  private async stackOutputs(name: string): Promise<PropertyMap> {
    if (hasUnknown(name)) return { name, outputs: UNKNOWN, secretOutputNames: UNKNOWN };
    const parts = name.split("/");
    const { context } = this.registrar;
    if (parts.length === 3 && parts[1] !== context.project.name) {
      throw new UnsupportedError(`A reference to the stack ${name} of another project is`);
    }
    const paths = stackPaths(context.stateDir, basename(parts.at(-1) ?? name));
    const { model, salt } = readSealed(paths);
    const sealed = [...model.live.values()].find(({ type }) => type === STACK_TYPE);
    if (!sealed) throw new ResourceError(`The stack ${name} does not exist.`, { urn: name });
    const crypter =
      needsKey(sealed) && salt !== undefined
        ? await new Passphrase().crypter(salt, `The stack ${name} has secret outputs`)
        : undefined;
    const outputs = openState(sealed, crypter).outputs ?? {};
    const secretNames = Object.keys(outputs).filter((key) => hasSecret(outputs[key] ?? null));
    return {
      name,
      outputs: secretNames.length > 0 ? secret(reveal(outputs)) : outputs,
      secretOutputNames: secretNames,
    };
  }
}

/** A property that must be text; anything else counts as none. */
function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
