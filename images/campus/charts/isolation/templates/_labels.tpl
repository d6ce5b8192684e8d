{{- /* The selector also labels pods: nothing in it changes between releases, so an unchanged pod stays. */ -}}
{{- define "isolation.selector" -}}
app.kubernetes.io/name: isolation
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "isolation.labels" -}}
{{ include "isolation.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: campus
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
