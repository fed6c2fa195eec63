/**
 * Names resolved only to public addresses. The check sits in the connection's own resolution, so
 * that a name cannot point to one address when it is checked and to another when it is used.
 *
 * @module
 */
import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";

/** The answer of a lookup; with an error, nothing is connected to. */
type LookupCallback = (
  error: Error | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

// IANA's special-purpose registries: loopback, private, shared, link-local, documentation,
// benchmarking, relay, multicast and reserved ranges.
const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
// Within the global unicast range: Teredo and its kin, documentation, and 6to4, which wraps IPv4.
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];
const GLOBAL_IPV6 = "2000::/3";
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const specialIpv4 = blockList(SPECIAL_IPV4, "ipv4");
const specialIpv6 = blockList(SPECIAL_IPV6, "ipv6");
const globalIpv6 = blockList([GLOBAL_IPV6], "ipv6");

/** True for an address on the public internet; false for any other address or text. */
export function isPublicAddress(address: string): boolean {
  const ipv4 = MAPPED.exec(address)?.[1] ?? address;
  if (isIP(ipv4) === 4) return !specialIpv4.check(ipv4, "ipv4");
  return isIP(address) === 6 && globalIpv6.check(address, "ipv6") &&
    !specialIpv6.check(address, "ipv6");
}

/** Throws for a URL whose host is an address, not a name, and not a public one. */
export function refusePrivateLiteral(url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refusal(host);
}

/** As `node:dns` resolves, but fails for a name with any address that is not public. */
export function publicLookup(
  hostname: string,
  options: LookupOptions,
  callback: LookupCallback,
): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const found = addresses.find(({ address }) => !isPublicAddress(address));
    const first = addresses[0];
    if (found) callback(refusal(hostname), []);
    else if (first === undefined) callback(new Error(`${hostname} has no address`), []);
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
}

// The address a name stands for is not told: it would map the network to whoever asks.
function refusal(host: string): Error {
  return new Error(`${host} is not a public address, and callbacks may only go to those`);
}

function blockList(ranges: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network, length] = range.split("/");
    list.addSubnet(network!, Number(length), family);
  }
  return list;
}
