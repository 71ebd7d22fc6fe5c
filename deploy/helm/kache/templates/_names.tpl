{{/* Names, labels and images. */}}

{{- define "kache.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 44 | trimSuffix "-" -}}
{{- end -}}

{{/* With "-redis" and the hash of a revision it is a label: 63 characters. */}}
{{- define "kache.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- else if contains (include "kache.name" .) .Release.Name -}}
{{- .Release.Name | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "kache.name" .) | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The labels that select the pods of one part. Takes (list $ "server"). */}}
{{- define "kache.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "kache.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* The labels of every object of a part. Takes (list $ "server"). */}}
{{- define "kache.labels" -}}
{{- $root := index . 0 -}}
{{ include "kache.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The metadata of an object. Takes (list $ "server" "name" $annotations $labels). */}}
{{- define "kache.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "kache.labels" (list $root (index . 1)) | nindent 2 }}
  {{- with index . 4 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (index . 3) $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An image's full name. Takes (list $ .Values.server.image). */}}
{{- define "kache.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- with default $root.Values.image.registry $image.registry }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $root.Chart.AppVersion $image.tag }}{{ end -}}
{{- end -}}

{{- define "kache.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kache.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A setting as text: Helm reads whole numbers as floating ones, which print with an exponent. */}}
{{- define "kache.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* Lines "NAME: text" of a map of settings. */}}
{{- define "kache.settings" -}}
{{- range $name, $value := . }}
{{ $name }}: {{ include "kache.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* Items of env from a map of settings. */}}
{{- define "kache.env" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ include "kache.text" $value | quote }}
{{- end }}
{{- end -}}

{{/*
The address of each node, by its name. With TLS it is one that a certificate for
*.RELEASE-redis.NAMESPACE.svc covers: none may be for *.RELEASE-redis.
*/}}
{{- define "kache.redisUrls" -}}
{{- if .Values.redis.enabled -}}
{{- $urls := list -}}
{{- $redis := printf "%s-redis" (include "kache.fullname" .) -}}
{{- $tls := ne .Values.tls.redis.existingSecret "" -}}
{{- $scheme := ternary "rediss://" "" $tls -}}
{{- $domain := ternary (printf "%s.%s.svc" $redis .Release.Namespace) $redis $tls -}}
{{- range $i := until (int .Values.redis.replicas) -}}
{{- $urls = append $urls (printf "cache-%d=%s%s-%d.%s:6379" $i $scheme $redis $i $domain) -}}
{{- end -}}
{{- join "," $urls -}}
{{- else -}}
{{- join "," .Values.externalRedis.urls -}}
{{- end -}}
{{- end -}}

{{/* The names by which callers reach the gateways. */}}
{{- define "kache.allowedHosts" -}}
{{- $service := printf "%s-gateway" (include "kache.fullname" .) -}}
{{- $space := printf "%s.%s" $service .Release.Namespace -}}
{{- $hosts := list $service $space (printf "%s.svc" $space) (printf "%s.svc.cluster.local" $space) -}}
{{- if .Values.ingress.enabled -}}
{{- range .Values.ingress.hosts }}{{ $hosts = append $hosts .host }}{{ end -}}
{{- end -}}
{{- if .Values.gatewayApi.httpRoute.enabled -}}
{{- $hosts = concat $hosts .Values.gatewayApi.httpRoute.hostnames -}}
{{- end -}}
{{- concat $hosts .Values.gateway.allowedHosts | uniq | join "," -}}
{{- end -}}

{{/* preStop, DRAIN_SECONDS and DRAIN_DELAY_SECONDS fit in. Takes (list $ .Values.server). */}}
{{- define "kache.gracePeriod" -}}
{{- $settings := merge (dict) (index . 1).settings (index . 0).Values.settings -}}
{{- $drain := get $settings "DRAIN_SECONDS" | default 20 | int -}}
{{- $delay := get $settings "DRAIN_DELAY_SECONDS" | default 1 | int -}}
{{- add $drain $delay 19 -}}
{{- end -}}

{{/* Values that no schema can tell to be wrong. */}}
{{- define "kache.validate" -}}
{{- $external := or .Values.externalRedis.urls .Values.externalRedis.urlsSecret -}}
{{- if and .Values.redis.enabled $external -}}
{{- fail "redis.enabled is true and externalRedis names nodes: set redis.enabled=false, or leave externalRedis out" -}}
{{- end -}}
{{- if not (or .Values.redis.enabled $external) -}}
{{- fail "redis.enabled is false: name the nodes by externalRedis.urls or externalRedis.urlsSecret" -}}
{{- end -}}
{{- if and .Values.externalRedis.urls .Values.externalRedis.urlsSecret -}}
{{- fail "externalRedis.urls and externalRedis.urlsSecret: set one of the two" -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- fail "monitoring.podMonitor and monitoring.serviceMonitor would read every metric twice: enable one of the two" -}}
{{- end -}}
{{- if and .Values.tls.grpc.clientSecret (not .Values.tls.grpc.existingSecret) -}}
{{- fail "tls.grpc.clientSecret needs tls.grpc.existingSecret" -}}
{{- end -}}
{{- if and .Values.tls.redis.clientSecret (not .Values.tls.redis.existingSecret) -}}
{{- fail "tls.redis.clientSecret needs tls.redis.existingSecret" -}}
{{- end -}}
{{- if and .Values.tls.http.clientCA (not .Values.tls.http.existingSecret) -}}
{{- fail "tls.http.clientCA needs tls.http.existingSecret" -}}
{{- end -}}
{{- if and .Values.tls.grpc.existingSecret (eq .Values.server.probes "grpc") -}}
{{- fail "server.probes=grpc does not work with tls.grpc: Kubernetes' gRPC probes speak no TLS. Set auto or exec" -}}
{{- end -}}
{{- end -}}
