{{- /* The selector also labels pods: nothing in it changes between releases, so an unchanged pod stays. */ -}}
{{- define "coredns.selector" -}}
app.kubernetes.io/name: coredns
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "coredns.labels" -}}
{{ include "coredns.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* The servers that are asked for names outside the cluster, as CoreDNS takes them: at most 15. */ -}}
{{- define "coredns.upstreams" -}}
{{- $servers := .Values.upstreams | default (dig "site" "services" "dns" (list) .Values.global) -}}
{{- join " " (slice $servers 0 (min 15 (len $servers))) -}}
{{- end }}
