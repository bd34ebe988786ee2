/** A package of a simulated cloud: its types, and the functions that programs ask. */
import type { PropertyMap } from "../../engine/values.ts";
import type { Behaviour } from "./behaviour.ts";

export interface Package {
  readonly types: Readonly<Record<string, Behaviour>>;
  readonly functions?: Readonly<Record<string, (args: PropertyMap, config: PropertyMap) => PropertyMap>>;
}
