{{/*
The Secrets of each part, in one table: the volume, the Secret, and for each of its files the setting
that names the file ("" = none).
*/}}

{{- define "kache.credentials.server" -}}
{{- $password := ternary .Values.redis.acl.existingSecret .Values.externalRedis.auth.existingSecret .Values.redis.enabled -}}
{{- with $password }}
- {volume: redis-login, secret: {{ . }}, files: {password: REDIS_PASSWORD_FILE}}
{{- end }}
{{- with .Values.tls.redis.existingSecret }}
- {volume: redis-ca, secret: {{ . }}, files: {ca.crt: REDIS_TLS_CA_FILE}}
{{- end }}
{{- with .Values.tls.redis.clientSecret }}
- {volume: redis-client, secret: {{ . }}, files: {tls.crt: REDIS_TLS_CERT_FILE, tls.key: REDIS_TLS_KEY_FILE}}
{{- end }}
{{- with .Values.tls.grpc.existingSecret }}
- volume: grpc-tls
  secret: {{ . }}
  files:
    tls.crt: GRPC_TLS_CERT_FILE
    tls.key: GRPC_TLS_KEY_FILE
    {{- if $.Values.tls.grpc.clientSecret }}
    ca.crt: GRPC_TLS_CLIENT_CA_FILE
    {{- end }}
{{- /* For kachectl in the pod. */}}
- {volume: grpc-ca, secret: {{ . }}, files: {ca.crt: KACHE_TLS_CA_FILE}}
{{- end }}
{{- with .Values.tokens.existingSecret }}
- {volume: tokens, secret: {{ . }}, files: {tokens: TOKENS_FILE}}
{{- end }}
{{- end -}}

{{/* The credentials of callers of the coordinators: the gateways, and the test. */}}
{{- define "kache.credentials.caller" -}}
{{- with .Values.tls.grpc.existingSecret }}
- {volume: grpc-ca, secret: {{ . }}, files: {ca.crt: KACHE_TLS_CA_FILE}}
{{- end }}
{{- with .Values.tls.grpc.clientSecret }}
- {volume: grpc-client, secret: {{ . }}, files: {tls.crt: KACHE_TLS_CERT_FILE, tls.key: KACHE_TLS_KEY_FILE}}
{{- end }}
{{- with .Values.tokens.existingSecret }}
- {volume: gateway-token, secret: {{ . }}, files: {gateway.token: KACHE_TOKEN_FILE}}
{{- end }}
{{- end -}}

{{- define "kache.credentials.gateway" -}}
{{- include "kache.credentials.caller" . }}
{{- with .Values.tls.http.existingSecret }}
- volume: http-tls
  secret: {{ . }}
  files:
    tls.crt: HTTP_TLS_CERT_FILE
    tls.key: HTTP_TLS_KEY_FILE
    {{- if $.Values.tls.http.clientCA }}
    ca.crt: HTTP_TLS_CLIENT_CA_FILE
    {{- end }}
{{- end }}
{{- with .Values.tokens.existingSecret }}
- {volume: tokens, secret: {{ . }}, files: {tokens: TOKENS_FILE}}
{{- end }}
{{- end -}}

{{- define "kache.credentials.redis" -}}
{{- with .Values.tls.redis.existingSecret }}
- {volume: redis-tls, secret: {{ . }}, files: {tls.crt: "", tls.key: "", ca.crt: ""}}
{{- end }}
{{- with .Values.redis.acl.existingSecret }}
- {volume: redis-acl, secret: {{ . }}, files: {users.acl: ""}}
{{- end }}
{{- end -}}

{{/* The settings that name the files. Takes (list $ "server"). */}}
{{- define "kache.credentialEnv" -}}
{{- range $entry := include (printf "kache.credentials.%s" (index . 1)) (index . 0) | fromYamlArray }}
{{- range $file, $setting := $entry.files }}
{{- if $setting }}
- name: {{ $setting }}
  value: {{ include "kache.credentialsPath" $ }}/{{ $entry.volume }}/{{ $file }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "kache.credentialMounts" -}}
{{- range include (printf "kache.credentials.%s" (index . 1)) (index . 0) | fromYamlArray }}
- name: {{ .volume }}
  mountPath: {{ include "kache.credentialsPath" $ }}/{{ .volume }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "kache.credentialVolumes" -}}
{{- range include (printf "kache.credentials.%s" (index . 1)) (index . 0) | fromYamlArray }}
- name: {{ .volume }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 288  # 0440
    items:
      {{- range $file, $_ := .files }}
      - key: {{ $file }}
        path: {{ $file }}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "kache.credentialsPath" -}}/etc/kache{{- end -}}
