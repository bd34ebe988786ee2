import { EthstakeError } from "../../lib/errors.ts";

/** An argument of `npm run report` cannot be used. */
export class ReportArgumentError extends EthstakeError<{ argument: string; value: string }> {
  readonly code = "REPORT_ARGUMENT";
  constructor(argument: string, value: string, remedy: string) {
    super(`${argument} is ${value}.`, { argument, value }, { remedy });
  }
}

/** There is nothing to report on yet. */
export class NothingToReportError extends EthstakeError<{ stack: string }> {
  readonly code = "REPORT_EMPTY";
  constructor(stack: string, why: string) {
    super(`There is nothing to report on stack ${stack}: ${why}.`, { stack }, { remedy: "Run it again later." });
  }
}
