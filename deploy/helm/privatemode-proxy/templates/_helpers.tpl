{{- define "privatemode-proxy.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "privatemode-proxy.fullname" -}}
{{- printf "%s-%s" (include "privatemode-proxy.name" .) .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "privatemode-proxy.selectorLabels" -}}
app.kubernetes.io/name: {{ include "privatemode-proxy.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "privatemode-proxy.labels" -}}
{{ include "privatemode-proxy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Values that would be insecure, or with which the proxy does not start. */}}
{{- define "privatemode-proxy.check" -}}
{{- $config := .Values.config -}}
{{/* A text is true in a template, also the text "false" of --set-string or of quotes: what is insecure would be switched on. */}}
{{- $switches := dict "dangerousAllowUnencryptedRemoteCallers" $config.dangerousAllowUnencryptedRemoteCallers -}}
{{- $_ := set $switches "dangerousAllowAnyRemoteCaller" $config.dangerousAllowAnyRemoteCaller -}}
{{- range list "apiKey" "apiEndpoint" "workspace" "manifest" "tls" "customCA" -}}
{{- $_ := set $switches (printf "%s.enabled" .) (index $config .).enabled -}}
{{- end -}}
{{- range $name, $value := $switches -}}
{{- if not (kindIs "bool" $value) -}}
{{- fail (printf "config.%s must be true or false, without quotes." $name) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.image.image -}}
{{- fail "image.image is required: the image that you built with 'dotnet publish src/Privatemode.Tool -t:PublishContainer'." -}}
{{- end -}}
{{- if contains "edgelesssys" .Values.image.image -}}
{{- fail "image.image is the image of Privatemode's own proxy, which does not have the flags of this chart. Use the image of this proxy." -}}
{{- end -}}
{{- if not (or $config.tls.enabled $config.dangerousAllowUnencryptedRemoteCallers) -}}
{{- fail "Without TLS, prompts, answers and caller keys cross the network unencrypted. Set config.tls.enabled and config.tls.secretName, or config.dangerousAllowUnencryptedRemoteCallers." -}}
{{- end -}}
{{- if $config.apiKey.enabled -}}
{{- if not (or $config.callerKeys.secretName $config.dangerousAllowAnyRemoteCaller) -}}
{{- fail "Without caller keys, every program that reaches the Service uses your API key. Set config.callerKeys.secretName, or config.dangerousAllowAnyRemoteCaller." -}}
{{- end -}}
{{- else if $config.callerKeys.secretName -}}
{{- fail "config.callerKeys needs config.apiKey.enabled: without an API key, the keys of callers are the API keys." -}}
{{- end -}}
{{- end -}}

{{/* The names that the Service has in the cluster. */}}
{{- define "privatemode-proxy.hosts" -}}
{{- $name := include "privatemode-proxy.fullname" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) -}}
{{- $hosts = append $hosts (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- concat $hosts .Values.config.allowedHosts | uniq | toJson -}}
{{- end -}}

{{/* Secrets that are mounted: name of the volume, of the Secret, and the directory. A whole directory, because Kubernetes renews those. */}}
{{- define "privatemode-proxy.secrets" -}}
{{- $config := .Values.config -}}
{{- $secrets := list -}}
{{- if $config.apiKey.enabled -}}
{{- $secrets = append $secrets (dict "name" "apikey" "secret" $config.apiKey.apiKeySecretName "path" "/etc/apiKey") -}}
{{- end -}}
{{- with $config.callerKeys.secretName -}}
{{- $secrets = append $secrets (dict "name" "caller-keys" "secret" . "path" "/etc/callerKeys") -}}
{{- end -}}
{{- with $config.promptCacheSecret.secretName -}}
{{- $secrets = append $secrets (dict "name" "prompt-cache-secret" "secret" . "path" "/etc/promptCacheSecret") -}}
{{- end -}}
{{- with $config.reasoningKey.secretName -}}
{{- $secrets = append $secrets (dict "name" "reasoning-key" "secret" . "path" "/etc/reasoningKey") -}}
{{- end -}}
{{- if $config.tls.enabled -}}
{{- $secrets = append $secrets (dict "name" "tls-certs" "secret" $config.tls.secretName "path" "/etc/tls") -}}
{{- end -}}
{{- if $config.customCA.enabled -}}
{{- $secrets = append $secrets (dict "name" "custom-ca" "secret" $config.customCA.secretName "path" "/etc/customCA") -}}
{{- end -}}
{{- toJson $secrets -}}
{{- end -}}

{{- define "privatemode-proxy.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" .root.Values.config.tls.enabled }}
  httpHeaders:
    # Otherwise the address of the pod, which is no host name of the proxy.
    - name: Host
      value: {{ include "privatemode-proxy.fullname" .root }}
{{- end -}}
