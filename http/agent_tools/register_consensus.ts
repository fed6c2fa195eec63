/**
 * Registers a consensus; one that others see after a confirmation.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { parse } from "yaml";
import { prepareConsensus } from "../consensus/prepare.ts";
import { ConsensusSchema } from "../wire/consensus.ts";
import { changeAnswer, needsConfirmation, planned } from "./change_answer.ts";
import { ADDS, defineTool } from "./tool.ts";
import { SpecText, YAML } from "./verify_consensus.ts";

export const registerConsensus = defineTool({
  name: "register_consensus",
  title: "Register a consensus",
  description: "Registers a consensus model, or a further version of one that the caller may " +
    "edit. A private one is there at once; one that is public, or a new version of one that " +
    "others use, is planned, and a person has to confirm it. Verify it first, and show the user " +
    "its YAML.",
  input: z.strictObject({ yaml: SpecText }),
  output: changeAnswer({ consensus: ConsensusSchema.optional() }),
  scope: "models:write",
  annotations: ADDS,
  async run(caller, { yaml }) {
    const { api, gateway, principal } = caller;
    await gateway.catalog.refresh();
    const { model, existing, version } = prepareConsensus(gateway, principal, yaml);
    const access = existing ?? {
      visibility: model.visibility ?? "private",
      owners: model.owners ?? [],
      readers: model.readers ?? [],
    };
    if (!needsConfirmation(caller, access)) {
      const answer = await api.send<z.infer<typeof ConsensusSchema>>("/v1/consensus", {
        method: "POST",
        text: { type: YAML, text: yaml },
      });
      if (answer.ok) return { status: "done" as const, consensus: answer.value };
      throw answer.refusal;
    }
    // What is confirmed has to say which version it makes, whatever is registered meanwhile.
    const isNumbered = (parse(yaml) as Record<string, unknown> | null)?.version !== undefined;
    return await planned(caller, {
      action: "register_consensus",
      model: existing?.name ?? model.name,
      summary: existing
        ? `Add version ${isNumbered ? version.version : `${version.version} (the next)`} to the ` +
          `consensus ${existing.name}, which others use`
        : `Register the consensus ${model.name}, ${access.visibility}`,
      request: { method: "POST", path: "/v1/consensus", contentType: YAML, body: yaml },
      after: yaml,
    });
  },
});
