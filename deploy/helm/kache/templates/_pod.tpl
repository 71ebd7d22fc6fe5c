{{/* Pieces that the pods of all parts share. Each takes (list $ "server" .Values.server). */}}

{{/* Without the chart's version: a new one that changes nothing restarts nothing. */}}
{{- define "kache.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $part := index . 2 -}}
labels:
  {{- include "kache.selector" . | nindent 2 }}
  {{- with $root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $part.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "kache.podSpec" -}}
{{- $root := index . 0 -}}
{{- $part := index . 2 -}}
{{- $id := ternary 999 65532 (eq (index . 1) "redis") -}}
serviceAccountName: {{ include "kache.serviceAccount" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $id }}
  runAsGroup: {{ $id }}
  fsGroup: {{ $id }}
  seccompProfile:
    type: RuntimeDefault
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $arguments := . }}
{{- if or $part.topologySpread $part.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range $key, $unsatisfiable := $part.topologySpread }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $unsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "kache.selector" $arguments | nindent 8 }}
  {{- end }}
  {{- with $part.topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with $part.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kache.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/*
Each of these takes (list $ "server" .Values.server "own"), where the last is YAML that the part adds
itself. They put together: that, the credentials, and the values' extras.
*/}}
{{- define "kache.volumeMounts" -}}
{{- $part := index . 2 -}}
{{- $mounts := print (index . 3) (include "kache.credentialMounts" .) -}}
{{- with $part.extraVolumeMounts }}{{ $mounts = print $mounts "\n" (toYaml .) }}{{ end -}}
{{- with trim $mounts }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kache.volumes" -}}
{{- $part := index . 2 -}}
{{- $volumes := print (index . 3) (include "kache.credentialVolumes" .) -}}
{{- with $part.extraVolumes }}{{ $volumes = print $volumes "\n" (toYaml .) }}{{ end -}}
{{- with trim $volumes }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kache.environment" -}}
{{- $part := index . 2 -}}
{{- $env := print (index . 3) (include "kache.credentialEnv" .) -}}
{{- with $part.settings }}{{ $env = print $env (include "kache.env" .) }}{{ end -}}
{{- with $part.extraEnv }}{{ $env = print $env "\n" (toYaml .) }}{{ end -}}
{{- with trim $env }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A disruption budget. Takes (list $ "server" .Values.server). */}}
{{- define "kache.budget" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $part := index . 2 -}}
{{- if $part.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "kache.metadata" (list $root $component (printf "%s-%s" (include "kache.fullname" $root) $component) dict dict) | nindent 2 }}
spec:
  maxUnavailable: {{ $part.podDisruptionBudget.maxUnavailable }}
  {{- if semverCompare ">=1.26.0-0" $root.Capabilities.KubeVersion.Version }}
  {{- with $part.podDisruptionBudget.unhealthyPodEvictionPolicy }}
  unhealthyPodEvictionPolicy: {{ . }}
  {{- end }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "kache.selector" . | nindent 6 }}
{{- end }}
{{- end -}}
