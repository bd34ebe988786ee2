export function queries(): string[] {
  return [];
}
export function queryFaults(_: readonly string[]): string[] {
  return [];
}
