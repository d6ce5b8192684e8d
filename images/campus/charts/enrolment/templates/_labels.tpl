{{- /* The selector also labels pods: nothing in it changes between releases, so an unchanged pod stays. */ -}}
{{- define "enrolment.selector" -}}
app.kubernetes.io/name: enrolment
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "enrolment.labels" -}}
{{ include "enrolment.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: campus
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
