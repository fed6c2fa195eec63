/**
 * The Pod Security Standard `restricted`, check by check.
 *
 * Source: k8s.io/pod-security-admission, policy/check_*.go.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- any manifest may come
type Fields = any;

const VOLUMES = [
  ...["configMap", "downwardAPI", "emptyDir", "projected", "secret", "csi"],
  ...["persistentVolumeClaim", "ephemeral", "image"],
];

/** Answers what a pod's spec breaks. */
export function restrictedFaults(spec: Fields): string[] {
  const faults: string[] = [];
  const expect = (ok: boolean, fault: string) => ok || faults.push(fault);
  for (const host of ["hostNetwork", "hostPID", "hostIPC"]) expect(!spec[host], host);
  const pod = spec.securityContext ?? {};
  for (const volume of spec.volumes ?? []) {
    const kinds = Object.keys(volume).filter((key) => key !== "name");
    expect(kinds.every((kind) => VOLUMES.includes(kind)), `volume ${kinds}`);
  }
  for (const container of [...spec.containers, ...spec.initContainers ?? []]) {
    const own = container.securityContext ?? {};
    const of = (what: string) => `${container.name}: ${what}`;
    expect(!own.privileged, of("privileged"));
    expect(own.allowPrivilegeEscalation === false, of("allowPrivilegeEscalation"));
    expect(own.capabilities?.drop?.includes("ALL") === true, of("capabilities.drop"));
    expect((own.capabilities?.add ?? []).length === 0, of("capabilities.add"));
    expect((own.runAsNonRoot ?? pod.runAsNonRoot) === true, of("runAsNonRoot"));
    expect((own.runAsUser ?? pod.runAsUser) !== 0, of("runAsUser"));
    const profile = (own.seccompProfile ?? pod.seccompProfile)?.type;
    expect(["RuntimeDefault", "Localhost"].includes(profile), of("seccompProfile"));
    expect(!(container.ports ?? []).some(({ hostPort }: Fields) => hostPort), of("hostPort"));
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      expect(container[probe]?.httpGet?.host === undefined, of(`${probe}.host`));
    }
  }
  return faults;
}
