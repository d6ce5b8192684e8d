{{- /* The selector also labels pods: nothing in it changes between releases, so an unchanged pod stays. */ -}}
{{- define "local-path.selector" -}}
app.kubernetes.io/name: local-path
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "local-path.labels" -}}
{{ include "local-path.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
