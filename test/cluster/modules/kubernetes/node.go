//go:build !controlplane

package main

import (
	"context"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	"github.com/spf13/cobra"
	genericapiserver "k8s.io/apiserver/pkg/server"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	metricsserver "sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

// What a node has beside a control plane.
func init() {
	programs["coredns"] = coredns
	programs["kubelet"] = cobraProgram(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) })
	programs["kube-proxy"] = cobraProgram(kubeproxy.NewProxyCommand)
	programs["metrics-server"] = cobraProgram(func() *cobra.Command {
		return metricsserver.NewMetricsServerCommand(genericapiserver.SetupSignalHandler())
	})
}

// CoreDNS takes the order of its plugins from this list. The one in its own source names plugins that are
// not compiled in here, so it is cut down to ours, in the same order.
func coredns() {
	dnsserver.Directives = []string{"ready", "log", "errors", "cache", "kubernetes"}
	coremain.Run()
}
