{{- /* What the pods of worker, operator and `helm test` have in common. */ -}}

{{- define "njst.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (printf "%s-operator" (include "njst.name" .)) }}
{{- end }}

{{- /* Labels and annotations of a pod: dict "root" $ "component" "worker" "values" .Values.worker */ -}}
{{- define "njst.podMetadata" -}}
labels: {{- include "njst.selector" . | nindent 2 }}
  app.kubernetes.io/part-of: njst
  {{- with merge dict .values.podLabels .root.Values.commonLabels }}{{ toYaml . | nindent 2 }}{{ end }}
{{- /* A changed setting restarts the pods. */}}
{{- $config := include (print .root.Template.BasePath "/config.yaml") .root | sha256sum | trunc 16 }}
{{- $own := dict "kubectl.kubernetes.io/default-container" .component "njst.io/config" $config }}
annotations: {{- toYaml (merge $own .values.podAnnotations) | nindent 2 }}
{{- end }}

{{- /* Where a pod may run; also of the pod of `helm test`: dict "root" $ "values" .Values.worker */ -}}
{{- define "njst.placement" -}}
{{- with concat .root.Values.image.pullSecrets .root.Values.global.imagePullSecrets | uniq }}
imagePullSecrets: {{- range . }}
  - {name: {{ . }}}{{ end }}
{{- end }}
{{- range $field := list "priorityClassName" "runtimeClassName" "schedulerName" }}
{{- with get $.values $field }}
{{ $field }}: {{ . }}
{{- end }}
{{- end }}
{{- range $field := list "nodeSelector" "tolerations" "dnsConfig" "hostAliases" }}
{{- with get $.values $field }}
{{ $field }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" .values.hostNetwork) }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .root.Values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The spec of a pod without its containers and volumes: dict "root" $ "component" "worker"
"values" .Values.worker "spread" (list of topology keys) "away" (a further term of the affinity) */ -}}
{{- define "njst.podSpec" -}}
{{- $labels := include "njst.selector" . | fromYaml }}
serviceAccountName: {{ include "njst.serviceAccountName" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- include "njst.placement" . }}
{{- if .values.hostNetwork }}
hostNetwork: true
{{- end }}
topologySpreadConstraints:
{{- $constraints := list }}
{{- range .spread }}
{{- $constraints = append $constraints (dict "maxSkew" 1 "topologyKey" . "whenUnsatisfiable" "ScheduleAnyway") }}
{{- end }}
{{- range .values.topologySpreadConstraints | default $constraints }}
  - {{- toYaml (merge dict . (dict "labelSelector" (dict "matchLabels" $labels))) | nindent 4 }}
{{- end }}
affinity:
{{- $apart := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" $labels) }}
{{- $terms := list }}
{{- if eq .values.antiAffinity "Preferred" }}
{{- $terms = append $terms (dict "weight" 100 "podAffinityTerm" $apart) }}
{{- end }}
{{- with .away }}{{ $terms = append $terms . }}{{ end }}
{{- $rules := dict }}
{{- with $terms }}{{ $_ := set $rules "preferredDuringSchedulingIgnoredDuringExecution" . }}{{ end }}
{{- if eq .values.antiAffinity "Required" }}
{{- $_ := set $rules "requiredDuringSchedulingIgnoredDuringExecution" (list $apart) }}
{{- end }}
{{- toYaml (.values.affinity | default (dict "podAntiAffinity" $rules)) | nindent 2 }}
{{- with .values.initContainers }}
initContainers: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
