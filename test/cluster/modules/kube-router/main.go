// Command kube-router enforces the NetworkPolicies of a cluster on one node and does nothing else: the firewall of
// kube-router without its router, its service proxy and their dependencies. Once told to end it takes its rules away,
// which the whole program never does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "file that leads to the API server")
	node := flag.String("node", "", "name of the node whose pods are fenced")
	services := flag.String("services", "", "range of the Services' addresses")
	flag.Parse()
	if err := enforce(*kubeconfig, *node, *services); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func enforce(kubeconfig, node, services string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	config := options.NewKubeRouterConfig()
	config.EnableIPv4 = true
	config.HostnameOverride = node
	// What a pod sends to these is let through to the node: an address of the node's own must not be among them.
	config.ClusterIPCIDRs = []string{services}
	commands, sets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	for family, handler := range sets {
		sets[family] = ownSets{handler}
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("the list of %s did not come", kind)
		}
	}
	newController := func() (*netpol.NetworkPolicyController, error) {
		return netpol.NewNetworkPolicyController(
			client, config, pods, policies, namespaces, &sync.Mutex{}, commands, sets)
	}
	controller, err := newController()
	if err != nil {
		return err
	}
	// One that has run before would write every rule of others back twice.
	cleaner, err := newController()
	if err != nil {
		return err
	}
	handlers := map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		namespaces: controller.NamespaceEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
	}
	for informer, handler := range handlers {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}

	// Each round reports here first, and would wait for ever if nobody listened.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, ctx.Done(), &running)
	running.Wait()
	cleaner.Cleanup()
	return nil
}

// Sets of kube-router's own. It writes back every set that it has read, and so would turn back the counters of others.
type ownSets struct{ utils.IPSetHandler }

func (own ownSets) Save() error {
	if err := own.IPSetHandler.Save(); err != nil {
		return err
	}
	for name := range own.Sets() {
		if !strings.HasPrefix(name, "KUBE-") {
			delete(own.Sets(), name)
		}
	}
	return nil
}
