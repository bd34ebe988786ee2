import { isNode, walk, type AstNode } from "../tools/compiler.ts";

/** One change of a source. Places are byte offsets. */
export interface Mutation {
  readonly operator: string;
  readonly start: number;
  readonly length: number;
  readonly replacement: string;
}

/** A change before its place is known: the operator, the node it replaces, and the new text. */
type Change = readonly [operator: string, node: AstNode, replacement: string];

/** What an operator sees: a node, its parents (outermost first) and the text of any node. */
interface Site {
  readonly node: AstNode;
  readonly parents: readonly AstNode[];
  readonly text: (node: AstNode) => string;
  /** The whole text, whose places are byte offsets. */
  readonly source: Buffer;
}

const BINARY: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "&&": "||",
  "||": "&&",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "<<": ">>",
  ">>": "<<",
  "&": "|",
  "|": "&",
  "^": "&",
};

const ASSIGNMENT: Readonly<Record<string, string>> = {
  "+=": "-=",
  "-=": "+=",
  "*=": "/=",
  "/=": "*=",
  "|=": "&=",
  "&=": "|=",
  "<<=": ">>=",
  ">>=": "<<=",
};

/** Library functions with a twin that takes the same arguments. */
const TWINS: Readonly<Record<string, string>> = {
  min: "max",
  max: "min",
  saturatingAdd: "saturatingSub",
  saturatingSub: "saturatingAdd",
  Floor: "Ceil",
  Ceil: "Floor",
};

const YUL: Readonly<Record<string, string>> = {
  add: "sub",
  sub: "add",
  mul: "div",
  div: "mul",
  and: "or",
  or: "and",
  shl: "shr",
  shr: "shl",
  lt: "gt",
  gt: "lt",
};

/**
 * Every mutation of a file, in the order of the text.
 * @param source its text
 * @param ast its syntax tree
 */
export function mutationsOf(source: string, ast: AstNode): Mutation[] {
  const bytes = Buffer.from(source);
  const text = (node: AstNode): string => {
    const { start, length } = placeOf(node);
    return bytes.subarray(start, start + length).toString();
  };
  const found = new Map<string, Mutation>();
  for (const [node, parents] of walk(ast)) {
    for (const [operator, target, replacement] of changesAt({ node, parents, text, source: bytes })) {
      const mutation = { operator, ...placeOf(target), replacement };
      const key = `${mutation.start}:${mutation.length}:${replacement}`;
      if (text(target) !== replacement && !found.has(key)) found.set(key, mutation);
    }
  }
  return [...found.values()].sort((a, b) => a.start - b.start || a.length - b.length);
}

/** The text with the mutation in it. */
export function applyMutation(source: string, { start, length, replacement }: Mutation): string {
  const bytes = Buffer.from(source);
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(replacement), bytes.subarray(start + length)]).toString();
}

/** The line of a byte offset, counted from 1. */
export function lineOf(source: string, offset: number): number {
  return Buffer.from(source).subarray(0, offset).toString().split("\n").length;
}

function placeOf(node: AstNode): { start: number; length: number } {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return { start, length };
}

function changesAt(site: Site): Change[] {
  const { node, parents } = site;
  switch (node.nodeType) {
    case "IfStatement":
    case "Conditional":
      return ["true", "false"].map((value) => ["condition", child(node, "condition"), value]);
    case "WhileStatement":
    case "ForStatement":
      return isNode(node["condition"]) ? [["condition", node["condition"], "false"]] : [];
    case "BinaryOperation":
      return binary(site);
    case "UnaryOperation":
      return unary(site);
    case "Assignment":
      return assignment(site);
    case "ExpressionStatement":
    case "EmitStatement":
    case "RevertStatement":
    case "Break":
    case "Continue":
      return deletion(site);
    case "Return":
      return returned(site);
    case "ModifierInvocation":
      return node["kind"] === "modifierInvocation" ? [["modifier", node, ""]] : [];
    case "Literal":
      return parents.some(({ nodeType }) => nodeType === "ArrayTypeName") ? [] : literal(site);
    case "MemberAccess": {
      const name = node["memberName"] as string;
      const twin = TWINS[name];
      return twin === undefined ? [] : [["rounding", node, site.text(node).slice(0, -name.length) + twin]];
    }
    case "FunctionCall":
      return rounding(site);
    case "UncheckedBlock":
      return [["unchecked", node, site.text(node).replace(/^unchecked\s*/, "")]];
    case "YulFunctionCall":
      return yulCall(site);
    case "YulLiteral":
      return node["kind"] === "number" ? [["constant", node, `add(${site.text(node)}, 1)`]] : [];
    default:
      return [];
  }
}

function binary({ node, parents, text }: Site): Change[] {
  const operator = node["operator"] as string;
  const other = BINARY[operator];
  if (other === undefined) return [];
  // The new operator may bind differently: what is an operation is put in parentheses.
  const enclosed = (part: AstNode): string =>
    ["BinaryOperation", "Conditional"].includes(part.nodeType) ? `(${text(part)})` : text(part);
  const changed = `${enclosed(child(node, "leftExpression"))} ${other} ${enclosed(child(node, "rightExpression"))}`;
  const kind = /^(<|>|[<>=!]=)$/.test(operator) ? "relation" : /^(&&|\|\|)$/.test(operator) ? "logic" : "arithmetic";
  return [[kind, node, parents.at(-1)?.nodeType === "BinaryOperation" ? `(${changed})` : changed]];
}

function unary({ node, text }: Site): Change[] {
  const operand = text(child(node, "subExpression"));
  switch (node["operator"]) {
    case "!":
      return [["negation", node, operand]];
    case "++":
    case "--": {
      const other = node["operator"] === "++" ? "--" : "++";
      return [["arithmetic", node, node["prefix"] === true ? other + operand : operand + other]];
    }
    default:
      return [];
  }
}

function assignment({ node, text }: Site): Change[] {
  const other = ASSIGNMENT[node["operator"] as string];
  const [left, right] = [child(node, "leftHandSide"), child(node, "rightHandSide")];
  return other === undefined ? [] : [["arithmetic", node, `${text(left)} ${other} ${text(right)}`]];
}

/** The statement, which ends before its semicolon, becomes an empty block. */
function deletion({ node, parents, source }: Site): Change[] {
  const parent = parents.at(-1);
  // A step taken from a loop's head makes it endless, which every test notices.
  if (parent?.nodeType === "ForStatement" && parent["body"] !== node) return [];
  // `if (c) revert` without its revert is the condition false.
  if (node.nodeType === "RevertStatement" && parent?.nodeType === "IfStatement") return [];
  const { start, length } = placeOf(node);
  const end = source.indexOf(";", start + length);
  return [["deletion", { ...node, src: `${start}:${end + 1 - start}:0` }, "{}"]];
}

/** Numbers become 0, booleans their opposite. */
function returned({ node, text }: Site): Change[] {
  const value = node["expression"];
  if (!isNode(value)) return [];
  const type = (value["typeDescriptions"] as { typeString?: string } | undefined)?.typeString ?? "";
  if (/^uint\d*$/.test(type)) return [["return", value, "0"]];
  if (type === "bool") return [["return", value, `!(${text(value)})`]];
  return [];
}

function literal({ node, parents, text }: Site): Change[] {
  if (node["kind"] === "bool") return [["constant", node, node["value"] === "true" ? "false" : "true"]];
  if (node["kind"] !== "number") return [];
  // Slots of namespaces and other 32-byte values are not numbers to count with.
  if (parents.some((parent) => typeOf(parent) === "bytes32")) return [];
  return [["constant", node, `(${text(node)} + 1)`]];
}

/** mulDiv rounds down unless told; ceilDiv rounds up. */
function rounding({ node, text }: Site): Change[] {
  const called = child(node, "expression");
  const args = node["arguments"] as readonly AstNode[];
  if (called.nodeType !== "MemberAccess") return [];
  const name = text(called);
  if (called["memberName"] === "mulDiv" && args.length === 3)
    return [["rounding", node, `${name}(${args.map(text).join(", ")}, Math.Rounding.Ceil)`]];
  const [dividend, divisor] = args;
  if (called["memberName"] === "ceilDiv" && dividend && divisor && args.length === 2)
    return [["rounding", node, `((${text(dividend)}) / (${text(divisor)}))`]];
  return [];
}

function yulCall({ node, text }: Site): Change[] {
  const name = child(node, "functionName");
  const other = YUL[name["name"] as string];
  return other === undefined ? [] : [["assembly", node, other + text(node).slice(text(name).length)]];
}

function typeOf(node: AstNode): string | undefined {
  if (node.nodeType !== "VariableDeclaration") return undefined;
  return (node["typeDescriptions"] as { typeString?: string } | undefined)?.typeString;
}

function child(node: AstNode, name: string): AstNode {
  const value = node[name];
  if (!isNode(value)) throw new TypeError(`${node.nodeType} without ${name}`);
  return value;
}
