{{- /* The selector also labels pods: nothing in it changes between releases, so an unchanged pod stays. */ -}}
{{- define "database.selector" -}}
app.kubernetes.io/name: database
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "database.labels" -}}
{{ include "database.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: campus
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
