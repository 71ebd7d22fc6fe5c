// Values with which the chart is rendered: each option at least once, and those that meet.
export const kSecured = {
  tokens: { existingSecret: 'kache-tokens' },
  tls: {
    grpc: { existingSecret: 'kache-grpc-tls' },
    http: { existingSecret: 'kache-http-tls' },
    redis: { existingSecret: 'kache-redis-tls' },
  },
  redis: { acl: { existingSecret: 'kache-redis-acl' } },
};

export const kMutual = {
  ...kSecured,
  tls: {
    grpc: { existingSecret: 'kache-grpc-tls', clientSecret: 'kache-gateway-tls' },
    http: { existingSecret: 'kache-http-tls', clientCA: true },
    redis: { existingSecret: 'kache-redis-tls', clientSecret: 'kache-server-tls' },
  },
};

export const kOwnRedis = {
  redis: { enabled: false },
  externalRedis: {
    urls: ['cache-a=10.0.0.7:6379', 'cache-b=10.0.0.8:6379', 'cache-c=10.0.0.9:6379'],
  },
};

const kWatched = {
  podMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
  dashboard: { enabled: true, annotations: { folder: 'caches' } },
};

// Values that the pods of every part take.
const kScheduled = {
  replicas: 3,
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
  topologySpread: { 'topology.kubernetes.io/zone': 'DoNotSchedule' },
  topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway' }],
  nodeSelector: { pool: 'caches' },
  tolerations: [{ key: 'caches', operator: 'Exists' }],
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  priorityClassName: 'high',
  podLabels: { team: 'platform' },
  podAnnotations: { 'example.com/note': 'yes' },
  extraEnv: [{ name: 'TZ', value: 'UTC' }],
  extraEnvFrom: [{ secretRef: { name: 'more' } }],
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
  extraContainers: [{ name: 'beside', image: 'beside:1.0' }],
  initContainers: [{ name: 'before', image: 'before:1.0' }],
};

export const kVariants = {
  defaults: {},
  secured: kSecured,
  'certificates from callers': kMutual,
  'own Redis': kOwnRedis,
  'own Redis, secured': {
    ...kSecured,
    redis: { enabled: false },
    externalRedis: {
      ...kOwnRedis.externalRedis,
      auth: { username: 'kache', existingSecret: 'redis-login' },
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ port: 6379 }] }],
    },
  },
  'own Redis, named by a Secret': {
    redis: { enabled: false }, externalRedis: { urlsSecret: 'redis-urls' },
  },
  watched: { monitoring: kWatched },
  'watched, secured': { ...kSecured, monitoring: kWatched },
  'watched, certificates from callers': { ...kMutual, monitoring: kWatched },
  'watched by services': {
    ...kMutual, monitoring: { podAnnotations: false, serviceMonitor: { enabled: true, interval: '1m30s' } },
  },
  scheduled: { server: kScheduled, gateway: kScheduled, redis: kScheduled },
  'scheduled, secured': {
    ...kSecured, server: kScheduled, gateway: kScheduled, redis: { ...kSecured.redis, ...kScheduled },
  },
  'no topology': {
    server: { topologySpread: { 'kubernetes.io/hostname': null } },
    redis: {
      topologySpread: { 'kubernetes.io/hostname': null, 'topology.kubernetes.io/zone': null },
    },
  },
  images: {
    image: { registry: 'registry.example:5000/team', pullPolicy: 'Always', pullSecrets: ['registry'] },
    server: { image: { digest: `sha256:${'0a'.repeat(32)}` } },
    gateway: { image: { tag: 'v1.2.3' } },
    redis: { image: { registry: 'docker.io', repository: 'valkey/valkey', tag: '8' } },
  },
  settings: {
    settings: { LOG_LEVEL: 'debug', REPLICATION_FACTOR: 2, KEY_PREFIX: 'a:', MAX_VALUE_BYTES: 1048576 },
    server: { settings: { MAX_IN_FLIGHT_BYTES: 268435456, DRAIN_SECONDS: 60 } },
    gateway: { settings: { DRAIN_DELAY_SECONDS: 10 }, allowedHosts: ['*'] },
  },
  persistence: {
    redis: { persistence: { enabled: true, storageClass: 'fast', size: '10Gi', annotations: { a: 'b' } } },
  },
  'Redis, its own way': {
    redis: {
      replicas: 6, maxmemory: '1gb', maxmemoryPolicy: 'noeviction', stopWaitSeconds: 900,
      extraConfig: 'io-threads 2\nmaxclients 2000\n',
    },
  },
  ingress: {
    ingress: {
      enabled: true, className: 'nginx', annotations: { a: 'b' },
      hosts: [{ host: 'kache.example.com' },
              { host: 'b.example.com', paths: [{ path: '/api', pathType: 'Exact' }, { path: '/ping' }] }],
      tls: [{ hosts: ['kache.example.com'], secretName: 'certificate' }],
    },
  },
  'routes of the Gateway API': {
    gatewayApi: {
      httpRoute: { enabled: true, parentRefs: [{ name: 'gw', namespace: 'gws' }],
                   hostnames: ['kache.example.com'], annotations: { a: 'b' } },
      grpcRoute: { enabled: true, parentRefs: [{ name: 'gw', sectionName: 'grpc' }],
                   hostnames: ['grpc.example.com'],
                   from: [{ namespaceSelector: { matchLabels: { gateway: 'yes' } } }] },
    },
  },
  'no gateway': { gateway: { enabled: false }, monitoring: kWatched },
  'neither budgets nor policies': {
    server: { podDisruptionBudget: { enabled: false } },
    gateway: { podDisruptionBudget: { maxUnavailable: '50%', unhealthyPodEvictionPolicy: '' } },
    redis: { podDisruptionBudget: { enabled: false } },
    networkPolicy: { enabled: false },
  },
  'narrow policies': {
    networkPolicy: {
      gatewayFrom: [{ podSelector: { matchLabels: { app: 'web' } } }],
      metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    },
  },
  names: {
    fullnameOverride: 'cache', commonLabels: { team: 'platform' }, commonAnnotations: { a: 'b' },
    serviceAccount: { create: false, name: 'shared' },
  },
  service: { gateway: { service: { type: 'LoadBalancer', port: 80, annotations: { a: 'b' } } } },
  'probes by exec': { server: { probes: 'exec' } },
};

// Values that are refused, and what is said then.
export const kMistakes = [
  [{ server: { replicsa: 2 } }, /replicsa/],
  [{ server: { replicas: 0 } }, /replicas/],
  [{ server: { probes: 'http' } }, /probes/],
  [{ server: { resources: { limits: { memory: '1 GB' } } } }, /memory/],
  [{ server: { topologySpread: { zone: 'Never' } } }, /zone/],
  [{ server: { podLabels: { a: 1 } } }, /podLabels/],
  [{ gateway: { service: { port: 70000 } } }, /port/],
  [{ gateway: { allowedHosts: ['http://a.example'] } }, /allowedHosts/],
  [{ redis: { maxmemory: '1 GiB' } }, /maxmemory/],
  [{ redis: { maxmemoryPolicy: 'lru' } }, /maxmemoryPolicy/],
  [{ redis: { podDisruptionBudget: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } } },
   /unhealthyPodEvictionPolicy/],
  [{ image: { registry: 'https://registry.example' } }, /registry/],
  [{ image: { tag: 'latest' } }, /tag/],
  [{ server: { image: { digest: 'sha256:1234' } } }, /digest/],
  [{ settings: { DRAIN_SECOND: 3 } }, /DRAIN_SECOND/],
  [{ settings: { LOG_LEVEL: ['debug'] } }, /LOG_LEVEL/],
  [{ settings: { MAX_TRIES: 1.5 } }, /MAX_TRIES/],
  // The chart makes these, or a ConfigMap is no place for them.
  [{ settings: { REDIS_URLS: 'a:1' } }, /REDIS_URLS/],
  [{ settings: { KACHE_TOKEN: 'secret' } }, /KACHE_TOKEN/],
  [{ server: { settings: { TOKENS_FILE: '/tokens' } } }, /TOKENS_FILE/],
  [{ redis: { enabled: false }, externalRedis: { urls: ['redis://user:word@a:1'] } }, /urls/],
  [{ tokens: { existingSecret: 'My Secret' } }, /existingSecret/],
  [{ ingress: { enabled: true } }, /hosts/],
  [{ gatewayApi: { httpRoute: { enabled: true } } }, /parentRefs/],
  [{ monitoring: { podMonitor: { enabled: true, interval: 15 } } }, /interval/],
  [{ redis: { enabled: false } }, /name the nodes/],
  [{ externalRedis: { urls: ['a=b:1'] } }, /redis.enabled is true/],
  [{ redis: { enabled: false }, externalRedis: { urls: ['a=b:1'], urlsSecret: 'a' } }, /one of the two/],
  [{ monitoring: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } } }, /twice/],
  [{ server: { probes: 'grpc' }, tls: { grpc: { existingSecret: 'a' } } }, /speak no TLS/],
  [{ tls: { grpc: { clientSecret: 'a' } } }, /tls.grpc.existingSecret/],
  [{ tls: { redis: { clientSecret: 'a' } } }, /tls.redis.existingSecret/],
  [{ tls: { http: { clientCA: true } } }, /tls.http.existingSecret/],
];
