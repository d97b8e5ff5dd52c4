{{/* First part of every name: the release's name, with "slipway" in it once. */}}
{{- define "slipway.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "slipway" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-slipway" (.Release.Name | trunc 32 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "slipway.operator" -}}
{{- include "slipway.fullname" . }}-operator
{{- end -}}

{{/* Names of cluster-wide objects hold the namespace, as two releases of one name may lie in two namespaces. */}}
{{- define "slipway.clusterName" -}}
{{- include "slipway.operator" . }}-{{ .Release.Namespace }}
{{- end -}}

{{- define "slipway.serviceAccount" -}}
{{- default (include "slipway.operator" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "slipway.selectorLabels" -}}
app.kubernetes.io/name: slipway
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "slipway.labels" -}}
{{ include "slipway.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Reference of an image. Takes {image, value, chart}: value is the value's path, for the message. */}}
{{- define "slipway.image" -}}
{{- $message := printf "%s.repository is empty: name the image that your cluster can pull, for example --set %s.repository=registry.example.com/slipway/%s" .value .value .example -}}
{{- required $message .image.repository -}}
:{{ default .chart.AppVersion .image.tag }}
{{- with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}
