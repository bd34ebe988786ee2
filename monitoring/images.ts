import { IMAGES } from "../components/validator-node/bundle/images.ts";

/** A pinned image of the monitoring stack. */
export interface MonitoringImage {
  readonly image: string;
  readonly tag: string;
  /** `sha256:…` of the manifest list; with it, it decides what is pulled. */
  readonly digest?: string | undefined;
}

/** What the monitoring stack has images of. */
export const MONITORING_SERVICES = [
  "prometheus",
  "alertmanager",
  "grafana",
  "loki",
  "alloy",
  "node-exporter",
  "blackbox-exporter",
  // Of relay and front.
  "haproxy",
  "link",
] as const;

export type MonitoringService = (typeof MONITORING_SERVICES)[number];

/**
 * The pinned images: releases of the summer of 2025, long-term support where there is one; of wireproxy the one that was built and tried
 * here. No digest was to be had here, and none was pulled.
 */
export const MONITORING_IMAGES: Readonly<Record<MonitoringService, MonitoringImage>> = {
  prometheus: { image: "prom/prometheus", tag: "v3.5.0" },
  alertmanager: { image: "prom/alertmanager", tag: "v0.28.1" },
  grafana: { image: "grafana/grafana", tag: "12.1.1" },
  loki: { image: "grafana/loki", tag: "3.5.3" },
  alloy: { image: "grafana/alloy", tag: "v1.10.1" },
  "node-exporter": { image: "prom/node-exporter", tag: "v1.9.1" },
  "blackbox-exporter": { image: "prom/blackbox-exporter", tag: "v0.27.0" },
  haproxy: IMAGES.haproxy,
  link: { image: "ghcr.io/windtf/wireproxy", tag: "v1.0.9" },
};

/** What compose pulls. */
export function monitoringImage(service: MonitoringService, override: Partial<MonitoringImage> = {}): string {
  const { image, tag, digest } = {
    ...MONITORING_IMAGES[service],
    // Another tag is another image than the pinned digest's.
    ...(override.tag === undefined ? {} : { digest: undefined }),
    ...override,
  };
  return `${image}:${tag}${digest === undefined ? "" : `@${digest}`}`;
}
