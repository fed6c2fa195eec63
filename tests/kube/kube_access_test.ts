import { assertEquals, assertRejects } from "@std/assert";
import { inClusterAccess, kubeconfigAccess } from "../../kube/kube_access.ts";
import { KubeClient } from "../../kube/kube_client.ts";
import { DEPLOYMENTS } from "../../kube/kube_object.ts";
import { ApiServer } from "./api_server.ts";

/** A folder that goes with the test. */
async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a pod's token is read again when the API takes the one before no more", async () => {
  await withFolder(async (folder) => {
    await using api = new ApiServer();
    api.update("deployments", "there", "kubectl", { spec: {} });
    for (const [name, text] of [["namespace", "science\n"], ["ca.crt", ""], ["token", "first\n"]]) {
      await Deno.writeTextFile(`${folder}/${name}`, text!);
    }
    const access = await inClusterAccess("10.0.0.1", "443", folder);
    assertEquals([access.server, access.namespace], ["https://10.0.0.1:443", "science"]);
    using client = new KubeClient({ ...access, server: api.url });
    assertEquals((await client.get(DEPLOYMENTS, "science", "there"))?.metadata.name, "there");
    api.token = "second";
    await Deno.writeTextFile(`${folder}/token`, "second\n");
    assertEquals((await client.get(DEPLOYMENTS, "science", "there"))?.metadata.name, "there");
    assertEquals(await client.get(DEPLOYMENTS, "science", "elsewhere"), undefined);
  });
  const six = inClusterAccess("fd00::1", "443", "/nowhere");
  await assertRejects(() => six, Deno.errors.NotFound);
});

Deno.test("a kubeconfig gives its current context's cluster, user and namespace", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/config`;
    const write = (user: unknown) =>
      Deno.writeTextFile(
        path,
        JSON.stringify({
          "current-context": "here",
          contexts: [
            { name: "there", context: { cluster: "x", user: "x" } },
            { name: "here", context: { cluster: "c", user: "u", namespace: "science" } },
          ],
          clusters: [{
            name: "c",
            cluster: {
              server: "https://k.example:6443/",
              "certificate-authority-data": btoa("the authority"),
            },
          }],
          users: [{ name: "u", user }],
        }),
      );
    await Deno.writeTextFile(`${folder}/token.txt`, "from a file\n");
    await write({ tokenFile: "token.txt" });
    const byToken = await kubeconfigAccess(path);
    assertEquals(
      [byToken.server, byToken.namespace, byToken.ca, await byToken.token!()],
      ["https://k.example:6443", "science", "the authority", "from a file"],
    );
    await write({ "client-certificate-data": btoa("cert"), "client-key-data": btoa("key") });
    const byCertificate = await kubeconfigAccess(path);
    assertEquals([byCertificate.certificate, byCertificate.key], ["cert", "key"]);
    await write({ exec: { command: "aws" } });
    await assertRejects(() => kubeconfigAccess(path), Error, "expected a token or a certificate");
    await Deno.writeTextFile(path, "{}");
    await assertRejects(() => kubeconfigAccess(path), Error, "there is no");
  });
});
