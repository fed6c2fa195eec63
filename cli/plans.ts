/**
 * `model-gateway plans`: what agents want to change, to look at and to confirm.
 *
 * @module
 */
import type { Command } from "commander";
import type { WirePlan } from "../http/wire/plan.ts";
import { clientOf, type GatewayOptions, withGateway } from "./gateway_options.ts";
import { Failure } from "./exit.ts";
import { type Terminal, writeFields, writeJson, writeTable } from "./terminal.ts";

interface Decision extends GatewayOptions {
  readonly digest: string;
  readonly reason?: string;
}

/** Adds the commands on plans. */
export function addPlans(program: Command, terminal: Terminal): void {
  const plans = program.command("plans").description("Look at and confirm what agents plan");
  withGateway(
    plans.command("list").description("List the plans that you asked for or may do")
      .option("--status <status>", "open, applied, failed, rejected or expired"),
  ).action(async (options: GatewayOptions & { status?: string }) => {
    const items = clientOf(options).items<WirePlan>(
      "/v1/plans",
      { status: options.status },
      Infinity,
    );
    const found = await Array.fromAsync(items);
    if (options.json) return writeJson(terminal, found);
    writeTable(
      terminal,
      ["ID", "STATUS", "PLANNER", "CLIENT", "EXPIRES", "SUMMARY"],
      found.map(({ id, status, planner, client, expiresAt, summary }) => [
        ...[id, status, planner, client, expiresAt, summary],
      ]),
    );
  });

  withGateway(plans.command("show <id>").description("Show a plan with what would differ"))
    .action(async (id: string, options: GatewayOptions) => {
      show(terminal, options, await clientOf(options).get<WirePlan>(pathOf(id)));
    });

  addDecisions(plans, terminal);
}

function addDecisions(plans: Command, terminal: Terminal): void {
  withGateway(
    plans.command("apply <id>")
      .description("Confirm a plan and do it, with a key that has the scope approve")
      .requiredOption("--digest <hex>", "the plan's digest, as it was shown")
      .option("--reason <text>", "why, for the audit"),
  ).action(async (id: string, options: Decision) => {
    const { digest, reason } = options;
    const path = `${pathOf(id)}/apply`;
    const plan = await clientOf(options).post<WirePlan>(path, { digest, reason });
    show(terminal, options, plan);
    if (plan.status === "failed") throw new Failure(`The plan failed: ${plan.outcome}`);
  });

  withGateway(
    plans.command("reject <id>").description("End a plan without doing it")
      .option("--reason <text>", "why, for the audit"),
  ).action(async (id: string, options: GatewayOptions & { reason?: string }) => {
    const { reason } = options;
    const path = `${pathOf(id)}/reject`;
    show(terminal, options, await clientOf(options).post<WirePlan>(path, { reason }));
  });
}

function pathOf(id: string): string {
  return `/v1/plans/${encodeURIComponent(id)}`;
}

function show(terminal: Terminal, { json }: GatewayOptions, plan: WirePlan): void {
  if (json) return writeJson(terminal, plan);
  const { diff, approveAt: _, ...facts } = plan;
  writeFields(terminal, facts);
  terminal.out(`\n${diff}`);
}
