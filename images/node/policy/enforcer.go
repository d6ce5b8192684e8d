package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	core "k8s.io/client-go/listers/core/v1"
	networkingv1 "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	// coalesce bounds how often rules are written when many events come at once.
	coalesce   = 100 * time.Millisecond
	retryAfter = time.Second
	nftLimit   = 20 * time.Second
)

type enforcer struct {
	node       string
	pods       core.PodLister
	namespaces core.NamespaceLister
	policies   networkingv1.NetworkPolicyLister

	changed chan struct{}
	mu      sync.Mutex
	// announced are pods that the CNI plugin named and whose status may not be known yet, by namespace/name.
	announced map[string]announcement
	applied   string
	waiters   []chan error
}

type announcement struct {
	container string
	ip        netip.Addr
}

// Start watches the cluster and keeps the rules of this node's pods; the factory must be started afterwards.
// Rules from before stay in force until the first complete rule set replaces them.
func Start(ctx context.Context, factory informers.SharedInformerFactory, node, socket string) error {
	if _, err := exec.LookPath("nft"); err != nil {
		return errors.New("the program nft is missing on this host")
	}
	e := &enforcer{
		node: node, pods: factory.Core().V1().Pods().Lister(), namespaces: factory.Core().V1().Namespaces().Lister(),
		policies: factory.Networking().V1().NetworkPolicies().Lister(), changed: make(chan struct{}, 1), announced: map[string]announcement{},
	}
	var synced []cache.InformerSynced
	for _, i := range []cache.SharedIndexInformer{
		factory.Core().V1().Pods().Informer(), factory.Core().V1().Namespaces().Informer(), factory.Networking().V1().NetworkPolicies().Informer(),
	} {
		if err := i.SetTransform(trim); err != nil {
			return err
		}
		if _, err := i.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { e.poke() }, UpdateFunc: func(any, any) { e.poke() }, DeleteFunc: func(any) { e.poke() },
		}); err != nil {
			return err
		}
		synced = append(synced, i.HasSynced)
	}
	listener, err := listen(socket)
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		listener.Close()
	}()
	go func() {
		if !cache.WaitForCacheSync(ctx.Done(), synced...) {
			return
		}
		go e.serve(listener)
		e.poke()
		e.run(ctx)
	}()
	return nil
}

// Remove takes all rules away.
func Remove(ctx context.Context) error {
	return apply(ctx, fmt.Sprintf("add table inet %[1]s\ndelete table inet %[1]s\nadd table bridge %[1]s\ndelete table bridge %[1]s\n", table))
}

func (e *enforcer) poke() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

func (e *enforcer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.changed:
		}
		err := e.sync(ctx)
		pause := coalesce
		if err != nil {
			logrus.Errorf("Failed to apply network policies: %v", err)
			e.poke()
			pause = retryAfter
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// sync compiles the present state and writes it if it differs; who waited for a sync that began after its request is told.
func (e *enforcer) sync(ctx context.Context) error {
	e.mu.Lock()
	waiters := e.waiters
	e.waiters = nil
	e.mu.Unlock()
	err := e.write(ctx)
	for _, w := range waiters {
		w <- err
	}
	return err
}

func (e *enforcer) write(ctx context.Context) error {
	state, err := e.state()
	if err != nil {
		return err
	}
	text, err := Compile(state)
	if err != nil {
		return err
	}
	if text == e.applied {
		return nil
	}
	if err := apply(ctx, text); err != nil {
		return err
	}
	e.applied = text
	return nil
}

func (e *enforcer) state() (State, error) {
	s := State{Namespaces: map[string]map[string]string{}}
	namespaces, err := e.namespaces.List(labels.Everything())
	if err != nil {
		return s, err
	}
	for _, n := range namespaces {
		s.Namespaces[n.Name] = n.Labels
	}
	if s.Policies, err = e.policies.List(labels.Everything()); err != nil {
		return s, err
	}
	pods, err := e.pods.List(labels.Everything())
	if err != nil {
		return s, err
	}
	s.Pods = e.addresses(pods)
	return s, nil
}

// addresses gives each address to one pod: what the CNI plugin said last counts more than a status.
func (e *enforcer) addresses(pods []*v1.Pod) []Pod {
	e.mu.Lock()
	defer e.mu.Unlock()
	present := map[string]bool{}
	byIP := map[netip.Addr]Pod{}
	said := map[netip.Addr]bool{}
	for _, p := range pods {
		key := p.Namespace + "/" + p.Name
		present[key] = true
		if p.Spec.HostNetwork || p.Status.Phase == v1.PodSucceeded || p.Status.Phase == v1.PodFailed {
			continue
		}
		ip, err := netip.ParseAddr(p.Status.PodIP)
		a, announced := e.announced[key]
		if announced {
			ip, err = a.ip, nil
		}
		if err != nil || !ip.Is4() || said[ip] && !announced {
			continue
		}
		said[ip] = said[ip] || announced
		byIP[ip] = Pod{p.Namespace, p.Name, ip, p.Labels, ports(p), p.Spec.NodeName == e.node}
	}
	for key := range e.announced {
		if !present[key] {
			delete(e.announced, key)
		}
	}
	out := make([]Pod, 0, len(byIP))
	for _, p := range byIP {
		out = append(out, p)
	}
	return out
}

func ports(p *v1.Pod) []v1.ContainerPort {
	var out []v1.ContainerPort
	for _, c := range p.Spec.Containers {
		out = append(out, c.Ports...)
	}
	for _, c := range p.Spec.InitContainers {
		out = append(out, c.Ports...)
	}
	return out
}

// trim keeps of each pod only what the compiler reads, so that a node's memory does not grow with the cluster's pods.
func trim(object any) (any, error) {
	p, ok := object.(*v1.Pod)
	if !ok {
		return object, nil
	}
	slim := &v1.Pod{}
	slim.Namespace, slim.Name, slim.UID, slim.Labels, slim.ResourceVersion = p.Namespace, p.Name, p.UID, p.Labels, p.ResourceVersion
	slim.Spec.NodeName, slim.Spec.HostNetwork = p.Spec.NodeName, p.Spec.HostNetwork
	for _, c := range append(append([]v1.Container{}, p.Spec.Containers...), p.Spec.InitContainers...) {
		slim.Spec.Containers = append(slim.Spec.Containers, v1.Container{Ports: c.Ports})
	}
	slim.Status.Phase, slim.Status.PodIP = p.Status.Phase, p.Status.PodIP
	return slim, nil
}

func apply(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, nftLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader(text)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		return fmt.Errorf("nft: %w: %.2000s", err, out.String())
	}
	return nil
}
