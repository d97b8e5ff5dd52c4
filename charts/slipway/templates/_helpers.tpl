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

{{/* Labels of an object that is no pod of the operator's; the same ones with another component. */}}
{{- define "slipway.labels" -}}
{{- $own := dict "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $chart := dict "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- $selector := include "slipway.selectorLabels" . | fromYaml -}}
{{- toYaml (mergeOverwrite $own $chart (deepCopy .Values.commonLabels) $selector) -}}
{{- end -}}

{{/* Takes {root, labels}: labels that a value adds to the chart's own, without changing what selects. */}}
{{- define "slipway.labelsWith" -}}
{{- $own := include "slipway.labels" .root | fromYaml -}}
{{- $selector := include "slipway.selectorLabels" .root | fromYaml -}}
{{- toYaml (mergeOverwrite $own (deepCopy .labels) $selector) -}}
{{- end -}}

{{/*
Reference of an image. Takes {root, image, value, half}: value is the value's path, for the message. imageRegistry takes
the place of a registry in the repository, which is a first part with a dot or a port, or localhost.
*/}}
{{- define "slipway.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.imageRegistry -}}
{{- $parts := splitList "/" (default (printf "slipway/%s" $.half) $repository) -}}
{{- $first := first $parts -}}
{{- if and (gt (len $parts) 1) (or (contains "." $first) (contains ":" $first) (eq "localhost" $first)) -}}
{{- $parts = rest $parts -}}
{{- end -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (join "/" $parts) -}}
{{- end -}}
{{- $message := printf "%s.repository is empty: name the image that your cluster can pull, for example --set %s.repository=registry.example.com/slipway/%s, or the registry of both images with --set imageRegistry=registry.example.com" .value .value .half -}}
{{- required $message $repository -}}
:{{ default .root.Chart.AppVersion .image.tag }}
{{- with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "slipway.operatorImage" -}}
{{- include "slipway.image" (dict "root" . "image" .Values.image "value" "image" "half" "operator") -}}
{{- end -}}

{{- define "slipway.serverImage" -}}
{{- include "slipway.image" (dict "root" . "image" .Values.server.image "value" "server.image" "half" "server") -}}
{{- end -}}

{{/* Empty where none is named: models on a GPU then say that their image has no provider for it. */}}
{{- define "slipway.gpuServerImage" -}}
{{- if or .Values.imageRegistry .Values.server.gpuImage.repository -}}
{{- include "slipway.image" (dict "root" . "image" .Values.server.gpuImage "value" "server.gpuImage" "half" "server-gpu") -}}
{{- end -}}
{{- end -}}

{{/* The restricted Pod Security Standard, of a pod and of a container. */}}
{{- define "slipway.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "slipway.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
