/**
 * A real Redis Cluster of three masters with a replica each, on free loopback ports.
 *
 * @module
 */
import { makeRedisNode, type RedisNode, type RedisOptions } from "./redis.ts";

const MASTERS = 3;
const SLOTS = 16_384;

export interface RedisClusterOptions extends RedisOptions {
  /** How long a node may be silent before the others call it failed, in milliseconds. */
  readonly nodeTimeoutMs?: number;
}

/** A node as the cluster itself describes it. */
interface ClusterView {
  readonly port: number;
  readonly id: string;
  readonly master: boolean;
  readonly failed: boolean;
  /** First and last slots, inclusive. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** A cluster that runs until it is stopped. */
export class RedisCluster implements AsyncDisposable {
  constructor(readonly nodes: readonly RedisNode[], readonly folder: string) {}

  /** The nodes' addresses. */
  get urls(): readonly string[] {
    return this.nodes.map((node) => node.url);
  }

  /** All addresses in one text, separated by commas. */
  get url(): string {
    return this.urls.join(",");
  }

  get pids(): readonly number[] {
    return this.nodes.flatMap((node) => node.pid ?? []);
  }

  /** The nodes that are masters with slots now, as most of the live nodes see it. */
  async masters(): Promise<RedisNode[]> {
    const view = await this.#view();
    const ports = new Set(view.filter(serves).map((entry) => entry.port));
    return this.nodes.filter((node) => ports.has(node.port));
  }

  /** The node that is the master of a slot now; undefined while it has none. */
  async masterOf(slot: number): Promise<RedisNode | undefined> {
    const view = await this.#view();
    const owner = view.find((entry) =>
      serves(entry) && entry.ranges.some(([first, last]) => first <= slot && slot <= last)
    );
    return this.nodes.find((node) => node.port === owner?.port);
  }

  /** Sends a signal to a node, SIGKILL by default. */
  kill(node: RedisNode, signal: Deno.Signal = "SIGKILL"): Promise<void> {
    return node.kill(signal);
  }

  /** Starts a node again on its port; it joins the cluster by itself. */
  restart(node: RedisNode): Promise<void> {
    return node.restart();
  }

  /** Waits until every slot has a live master that all live nodes agree on. Throws when late. */
  async healthy(timeoutMs = 20_000): Promise<void> {
    await until(() => isHealthy(live(this.nodes)), timeoutMs, "the cluster is not whole");
  }

  /** Waits until each node runs and every replica is in step with its master. Throws when late. */
  async replicated(timeoutMs = 20_000): Promise<void> {
    await this.healthy(timeoutMs);
    await until(() => isReplicated(this.nodes), timeoutMs, "a replica is not in step");
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.process.stop()));
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** The newest view: that of the live node with the highest epoch. */
  async #view(): Promise<ClusterView[]> {
    const answers = await Promise.allSettled(
      live(this.nodes).map(async (node) => ({
        epoch: await clusterInfo(node, "cluster_current_epoch"),
        view: await clusterNodes(node),
      })),
    );
    const told = answers.flatMap((answer) => answer.status === "fulfilled" ? [answer.value] : []);
    if (told.length === 0) throw new Error("no node of the cluster answers");
    // A slot's new owner is known first to itself: prefer the view with fewest unserved slots.
    return told.sort((a, b) =>
      served(b.view) - served(a.view) || Number(b.epoch) - Number(a.epoch)
    )[0]!.view;
  }
}

/** Starts a cluster of three masters and three replicas. Throws if it does not come up. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const folder = await Deno.makeTempDir({ prefix: "gateway-cluster-" });
  const nodes: RedisNode[] = [];
  for (let i = 0; i < MASTERS * 2; i++) {
    nodes.push(await makeRedisNode(folder, { ...options, config: clusterConfig(options) }));
  }
  const cluster = new RedisCluster(nodes, folder);
  try {
    await Promise.all(nodes.map((node) => node.process.start()));
    await join(nodes);
    await cluster.replicated();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function clusterConfig(options: RedisClusterOptions): RedisOptions["config"] {
  return [
    ["cluster-enabled", "yes"],
    ["cluster-config-file", "nodes.conf"],
    ["cluster-node-timeout", String(options.nodeTimeoutMs ?? 2_000)],
    ["cluster-replica-validity-factor", "0"],
    ...options.config ?? [],
  ];
}

/** Gives the first nodes the slots, makes all know each other, and makes the rest replicas. */
async function join(nodes: readonly RedisNode[]): Promise<void> {
  const masters = nodes.slice(0, MASTERS);
  await Promise.all(masters.map(async (node, i) => {
    await node.command("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
    const first = Math.floor(i * SLOTS / MASTERS);
    const end = Math.floor((i + 1) * SLOTS / MASTERS);
    const slots = Array.from({ length: end - first }, (_, offset) => first + offset);
    await node.command("CLUSTER", "ADDSLOTS", ...slots);
  }));
  const pairs = nodes.flatMap((a, i) => nodes.slice(i + 1).map((b) => [a, b] as const));
  await Promise.all(pairs.map(([a, b]) => a.command("CLUSTER", "MEET", "127.0.0.1", b.port)));
  await until(() => allKnown(nodes), 15_000, "the nodes do not know each other");
  await Promise.all(
    nodes.slice(MASTERS).map(async (replica, i) => {
      await replica.command(
        "CLUSTER",
        "REPLICATE",
        String(await masters[i]!.command("CLUSTER", "MYID")),
      );
    }),
  );
}

async function allKnown(nodes: readonly RedisNode[]): Promise<boolean> {
  const views = await Promise.all(nodes.map(clusterNodes));
  return views.every((view) =>
    view.length === nodes.length && view.filter(serves).length === MASTERS
  );
}

async function isHealthy(nodes: readonly RedisNode[]): Promise<boolean> {
  const states = await Promise.all(nodes.map((node) => clusterInfo(node, "cluster_state")));
  const views = await Promise.all(nodes.map(clusterNodes));
  const alive = new Set(nodes.map((node) => node.port));
  return states.every((state) => state === "ok") &&
    views.every((view) => served(view) === SLOTS) &&
    views.every((view) => view.filter(serves).every((entry) => alive.has(entry.port))) &&
    new Set(views.map(ownership)).size === 1;
}

async function isReplicated(nodes: readonly RedisNode[]): Promise<boolean> {
  const told = await Promise.all(
    nodes.map(async (node) => String(await node.command("INFO", "replication"))),
  );
  const replicas = told.filter((text) => text.includes("role:slave"));
  return replicas.length === nodes.length - MASTERS &&
    replicas.every((text) => text.includes("master_link_status:up")) &&
    told.filter((text) => text.includes("state=online")).length === MASTERS;
}

/** Who owns which slots, in one comparable text. */
function ownership(view: readonly ClusterView[]): string {
  return view.filter(serves).map((entry) => `${entry.ranges.join(" ")}@${entry.port}`).sort()
    .join(";");
}

async function clusterInfo(node: RedisNode, field: string): Promise<string | undefined> {
  const text = String(await node.command("CLUSTER", "INFO"));
  return new RegExp(`^${field}:(\\S*)`, "m").exec(text)?.[1];
}

async function clusterNodes(node: RedisNode): Promise<ClusterView[]> {
  const text = String(await node.command("CLUSTER", "NODES"));
  return text.trim().split("\n").map((line) => {
    const [id, address, flags, , , , , link, ...slots] = line.split(" ");
    const marks = flags!.split(",");
    return {
      id: id!,
      port: Number(/:(\d+)/.exec(address!)?.[1]),
      master: marks.includes("master"),
      failed: marks.includes("fail") || marks.includes("handshake") || link !== "connected",
      ranges: slots.filter((slot) => !slot.startsWith("[")).map((slot) => {
        const [first, last = first] = slot.split("-");
        return [Number(first), Number(last)] as const;
      }),
    };
  });
}

function serves(entry: ClusterView): boolean {
  return entry.master && !entry.failed && entry.ranges.length > 0;
}

function served(view: readonly ClusterView[]): number {
  return view.filter(serves).flatMap((entry) => entry.ranges)
    .reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

function live(nodes: readonly RedisNode[]): RedisNode[] {
  return nodes.filter((node) => node.process.running);
}

/** Polls until the check answers true; a check that throws counts as false. */
async function until(
  check: () => Promise<boolean>,
  timeoutMs: number,
  complaint: string,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  while (Date.now() < deadline) {
    try {
      if (await check()) return;
    } catch (error) {
      cause = error;
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`${complaint} after ${timeoutMs} ms`, { cause });
}
