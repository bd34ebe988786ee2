/** The package `random`: real randomness, kept until the inputs change. */
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { PropertyMap } from "../../../engine/values.ts";
import { text, type Behaviour, type Making } from "../behaviour.ts";
import type { Package } from "../package.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

function kept(make: (making: Making) => PropertyMap): (making: Making) => PropertyMap {
  return (making) => (Object.keys(making.before).length > 0 ? making.before : make(making));
}

function string({ inputs }: Making): string {
  const on = (key: string): boolean => inputs[key] !== false;
  const special = text(inputs["overrideSpecial"]) || SPECIAL;
  const alphabet = [
    on("lower") ? LETTERS : "",
    on("upper") ? LETTERS.toUpperCase() : "",
    on("numeric") && on("number") ? "0123456789" : "",
    on("special") ? special : "",
  ].join("");
  return Array.from({ length: Number(inputs["length"]) }, () => alphabet[randomInt(alphabet.length)]).join("");
}

const STRING_INPUTS = [
  ...["keepers", "length", "lower", "upper", "numeric", "number", "special", "overrideSpecial"],
  ...["minLower", "minUpper", "minNumeric", "minSpecial"],
];

const password: Behaviour = {
  id: () => "none",
  outputs: kept((making) => ({ result: string(making), bcryptHash: `$2a$10$${randomBytes(39).toString("base64")}` })),
  replace: STRING_INPUTS,
};

export const random: Package = {
  types: {
    // The real provider gives every password the id "none"; here each thing needs one of its own.
    "random:index/randomPassword:RandomPassword": { ...password, id: () => `none-${randomUUID()}` },
    "random:index/randomString:RandomString": {
      id: () => randomUUID(),
      outputs: kept((making) => ({ result: string(making) })),
      replace: STRING_INPUTS,
    },
    "random:index/randomBytes:RandomBytes": {
      id: () => randomUUID(),
      outputs: kept(({ inputs }) => {
        const bytes = randomBytes(Number(inputs["length"]));
        return { base64: bytes.toString("base64"), hex: bytes.toString("hex") };
      }),
      replace: ["keepers", "length"],
    },
    "random:index/randomId:RandomId": {
      id: () => randomBytes(8).toString("base64url"),
      outputs: kept(({ inputs }) => {
        const bytes = randomBytes(Number(inputs["byteLength"]));
        const prefix = text(inputs["prefix"]);
        return {
          hex: `${prefix}${bytes.toString("hex")}`,
          dec: `${prefix}${BigInt(`0x${bytes.toString("hex")}`)}`,
          b64Std: `${prefix}${bytes.toString("base64")}`,
          b64Url: `${prefix}${bytes.toString("base64url")}`,
        };
      }),
      replace: ["keepers", "byteLength", "prefix"],
    },
    "random:index/randomUuid:RandomUuid": {
      id: () => randomUUID(),
      outputs: kept(({ id }) => ({ result: id })),
      replace: ["keepers"],
    },
  },
};
