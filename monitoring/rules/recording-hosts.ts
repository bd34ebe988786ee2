import { TARGET } from "./labels.ts";
import type { RecordingRule } from "./types.ts";

/** File systems that hold something: no memory, no images of squashfs, no layers of containers. */
const DISKS =
  'job="node",fstype!~"tmpfs|ramfs|squashfs|overlay|nsfs|fuse.*",mountpoint!~"/(boot|run|var/lib/docker)($|/.*)"';

/** Hosts, from the node exporter, and restarts of whatever is scraped. Time here does not depend on the chain's. */
export function hostRules(): RecordingRule[] {
  const labels = `${TARGET}, device, mountpoint`;
  return [
    {
      record: "host_disk_free_ratio",
      expr: `max by (${labels}) (node_filesystem_avail_bytes{${DISKS}} / node_filesystem_size_bytes{${DISKS}})`,
    },
    {
      record: "host_disk_free_in_4_days_bytes",
      expr: `max by (${labels}) (predict_linear(node_filesystem_avail_bytes{${DISKS}}[6h], 4 * 86400))`,
    },
    {
      record: "host_memory_available_ratio",
      expr: `max by (${TARGET}) (node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes{job="node"})`,
    },
    {
      record: "host_clock_offset_seconds",
      expr: `max by (${TARGET}) (abs(node_timex_offset_seconds{job="node"}))`,
    },
    {
      record: "host_out_of_memory_kills_total",
      expr: `max by (${TARGET}) (node_vmstat_oom_kill{job="node"})`,
    },
    // Geth has no start time: what it has allocated since its start falls when it starts again.
    {
      record: "target_restarts_1h",
      expr: `max by (${TARGET}) (changes({__name__=~"(reth_)?process_start_time_seconds"}[1h]))
or
max by (${TARGET}) (resets(system_memory_allocs{job="execution",client="geth"}[1h]))`,
    },
    {
      record: "certificate_expires_seconds",
      expr: `min by (${TARGET}) (probe_ssl_earliest_cert_expiry{job="probe"}) - time()`,
    },
  ];
}
