{{- /* Each takes a list: the root context and the component (contour, envoy, certificates). */ -}}
{{- define "ingress.selector" -}}
app.kubernetes.io/name: ingress
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "ingress.labels" -}}
{{- $root := index . 0 -}}
{{ include "ingress.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: platform
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{- define "ingress.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "ingress.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "ingress.certgenPod" -}}
metadata:
  labels: {{- include "ingress.selector" (list . "certificates") | nindent 4 }}
spec:
  serviceAccountName: {{ .Release.Name }}-certificates
  automountServiceAccountToken: true
  enableServiceLinks: false
  restartPolicy: OnFailure
  securityContext: {{- include "ingress.podSecurity" . | nindent 4 }}
  containers:
    - name: certgen
      image: {{ .Values.image }}
      imagePullPolicy: IfNotPresent
      args:
        - certgen
        - --kube
        - --incluster
        - --overwrite
        - --secrets-format=compact
        - --namespace={{ .Release.Namespace }}
        - --certificate-lifetime={{ .Values.internalCertificates.lifetimeDays }}
      resources:
        requests: { cpu: 10m, memory: 24Mi }
        limits: { cpu: "1", memory: 96Mi }
      securityContext: {{- include "ingress.containerSecurity" . | nindent 8 }}
{{- end }}
