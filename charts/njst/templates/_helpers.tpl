{{- define "njst.name" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}{{ else if contains "njst" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-njst" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "njst.labels" -}}
app.kubernetes.io/part-of: njst
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.commonLabels }}{{ toYaml . | nindent 0 }}{{ end }}
{{- end }}

{{- /* Selector labels of a component: dict "root" $ "component" "worker" */ -}}
{{- define "njst.selector" -}}
app.kubernetes.io/name: njst
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "njst.image" -}}
{{- with .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .root.Values.image.repository }}njst-{{ .component }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- with get .root.Values.image.digests .component }}@{{ . }}{{ end }}
{{- end }}

{{- define "njst.httpScheme" -}}
{{ ternary "https" "http" (not (empty .Values.http.tls.secretName)) }}
{{- end }}

{{- define "njst.envFrom" -}}
- configMapRef: {name: {{ include "njst.name" . }}}
{{- with .Values.nats.envSecretName }}
- secretRef: {name: {{ . }}}
{{- end }}
{{- end }}

{{- /* Secrets for the control NATS, as files: they are read again at each login. */ -}}
{{- define "njst.loginVolume" -}}
- name: login
  projected:
    defaultMode: 0440
    {{- if not (or .Values.nats.creds.secretName .Values.nats.nkey.secretName .Values.nats.tls.secretName) }}
    sources: []
    {{- else }}
    sources:
      {{- range list .Values.nats.creds.secretName .Values.nats.nkey.secretName .Values.nats.tls.secretName | compact | uniq }}
      - secret: {name: {{ . }}}
      {{- end }}
    {{- end }}
{{- end }}

{{- define "njst.operatorVolumes" -}}
- name: operator-tmp
  emptyDir: {sizeLimit: 16Mi}
# The same volume that automountServiceAccountToken would mount into every container.
- {{- include "njst.accountVolume" (dict "name" "kubernetes") | nindent 2 }}
{{- with .Values.operator.extraVolumes }}{{ toYaml . | nindent 0 }}{{ end }}
{{- end }}

{{- /* The token of the service account: dict "name" "kubernetes" */ -}}
{{- define "njst.accountVolume" -}}
name: {{ .name }}
projected:
  defaultMode: 0440
  sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3607}
    - configMap:
        name: kube-root-ca.crt
        items: [{key: ca.crt, path: ca.crt}]
    - downwardAPI:
        items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]
{{- end }}

{{- define "njst.operator" -}}
name: operator
image: {{ include "njst.image" (dict "root" . "component" "operator") }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom: {{- include "njst.envFrom" . | nindent 2 }}
  {{- with .Values.operator.extraEnvFrom }}{{ toYaml . | nindent 2 }}{{ end }}
env:
  - {name: NJST_HEALTH, value: ":8081"}
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  {{- if eq .Values.operator.mode "Sidecar" }}
  # Waits for missing dependencies without a limit: if it ended, the pod would not be ready.
  - {name: NJST_WAIT_SECONDS, value: inf}
  {{- end }}
  - {name: MALLOC_ARENA_MAX, value: "2"}
  {{- if .Values.rbac.namespaces }}
  - {name: NJST_NAMESPACE, value: {{ .Values.rbac.namespaces | uniq | join "," | quote }}}
  {{- else if .Values.rbac.namespaced }}
  - name: NJST_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  {{- end }}
  {{- with .Values.operator.selector }}
  - {name: NJST_SELECTOR, value: {{ . | quote }}}
  {{- end }}
  {{- with .Values.operator.cluster }}
  - {name: NJST_CLUSTER, value: {{ . | quote }}}
  {{- end }}
  - {name: NJST_RESYNC_SECONDS, value: {{ .Values.operator.resyncSeconds | quote }}}
  {{- with .Values.operator.extraEnv }}{{ toYaml . | nindent 2 }}{{ end }}
ports:
  - {name: health, containerPort: 8081}
livenessProbe:
  httpGet: {path: /livez, port: health}
  {{- toYaml .Values.operator.probes.liveness | nindent 2 }}
{{- /* Beside a worker neither: a pod is ready when all its containers are, and the worker must stay in
its Service whatever the operator lacks. */}}
{{- if ne .Values.operator.mode "Sidecar" }}
startupProbe:
  exec: {command: [python, -m, njst.probe, "http://127.0.0.1:8081/readyz"]}
  {{- toYaml .Values.operator.probes.startup | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: health}
  {{- toYaml .Values.operator.probes.readiness | nindent 2 }}
{{- end }}
resources: {{- toYaml .Values.operator.resources | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- with .Values.containerSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - {name: login, mountPath: /etc/njst/login, readOnly: true}
  - {name: kubernetes, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
  - {name: operator-tmp, mountPath: /tmp}
  {{- with .Values.operator.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
