// Package policy enforces network policies with nftables on the host's forward and input hooks.
// Traffic between pods on one bridge passes the forward hook too, by br_netfilter; what the host itself sends to its pods passes neither.
package policy

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const table = "k3s_policy"

// Pod is what the compiler needs to know of a pod with an address.
type Pod struct {
	Namespace, Name string
	IP              netip.Addr
	Labels          map[string]string
	Ports           []v1.ContainerPort
	// Local pods are on this node and get rules.
	Local bool
}

// State is a snapshot of the cluster.
type State struct {
	Pods       []Pod
	Namespaces map[string]map[string]string
	Policies   []*networking.NetworkPolicy
}

// Compile gives the rule set that replaces the table in one transaction. The same state gives the same text.
func Compile(s State) (string, error) {
	sort.Slice(s.Pods, func(i, j int) bool { return s.Pods[i].IP.Less(s.Pods[j].IP) })
	sort.Slice(s.Policies, func(i, j int) bool {
		a, b := s.Policies[i], s.Policies[j]
		return a.Namespace < b.Namespace || a.Namespace == b.Namespace && a.Name < b.Name
	})
	c := &compiler{state: s}
	for _, p := range s.Pods {
		if !p.Local {
			continue
		}
		if err := c.pod(p); err != nil {
			return "", err
		}
	}
	return c.text(), nil
}

type compiler struct {
	state           State
	chains          strings.Builder
	ingress, egress []string
}

func (c *compiler) pod(p Pod) error {
	var in, out []string
	isolatedIn, isolatedOut := false, false
	for _, policy := range c.state.Policies {
		if policy.Namespace != p.Namespace {
			continue
		}
		selected, err := matches(&policy.Spec.PodSelector, p.Labels)
		if err != nil {
			return fmt.Errorf("network policy %s/%s: %w", policy.Namespace, policy.Name, err)
		}
		if !selected {
			continue
		}
		ingress, egress := directions(policy)
		if ingress {
			isolatedIn = true
			for _, r := range policy.Spec.Ingress {
				lines, err := c.rule(policy.Namespace, "saddr", r.From, r.Ports, &p)
				if err != nil {
					return fmt.Errorf("network policy %s/%s: %w", policy.Namespace, policy.Name, err)
				}
				in = append(in, lines...)
			}
		}
		if egress {
			isolatedOut = true
			for _, r := range policy.Spec.Egress {
				lines, err := c.rule(policy.Namespace, "daddr", r.To, r.Ports, nil)
				if err != nil {
					return fmt.Errorf("network policy %s/%s: %w", policy.Namespace, policy.Name, err)
				}
				out = append(out, lines...)
			}
		}
	}
	if isolatedIn {
		c.ingress = append(c.ingress, c.chain("in", p, in))
	}
	if isolatedOut {
		c.egress = append(c.egress, c.chain("out", p, out))
	}
	return nil
}

// chain writes a pod's chain: each allowed flow returns, all else is refused. It returns the map element that leads there.
func (c *compiler) chain(direction string, p Pod, lines []string) string {
	name := direction + "_" + strings.ReplaceAll(p.IP.String(), ".", "_")
	fmt.Fprintf(&c.chains, "  chain %s {\n", name)
	for _, l := range lines {
		fmt.Fprintf(&c.chains, "    %s return\n", l)
	}
	c.chains.WriteString("    counter reject with icmpx type admin-prohibited\n  }\n")
	return fmt.Sprintf("%s : jump %s", p.IP, name)
}

// rule gives one match for each pair of peer and port. target is the pod whose named ports count; nil means those of the peers.
func (c *compiler) rule(namespace, side string, peers []networking.NetworkPolicyPeer, ports []networking.NetworkPolicyPort, target *Pod) ([]string, error) {
	if len(peers) == 0 {
		if target == nil && hasNamedPort(ports) {
			return c.podPeers(side, c.state.Pods, ports, target), nil
		}
		return portMatches("meta nfproto ipv4", ports, target), nil
	}
	var lines []string
	for _, peer := range peers {
		if peer.IPBlock != nil {
			match, err := block(side, peer.IPBlock)
			if err != nil {
				return nil, err
			}
			if match != "" {
				lines = append(lines, portMatches(match, ports, target)...)
			}
			continue
		}
		pods, err := c.selected(namespace, peer)
		if err != nil {
			return nil, err
		}
		lines = append(lines, c.podPeers(side, pods, ports, target)...)
	}
	return lines, nil
}

func (c *compiler) podPeers(side string, pods []Pod, ports []networking.NetworkPolicyPort, target *Pod) []string {
	if len(pods) == 0 {
		return nil
	}
	if target != nil || !hasNamedPort(ports) {
		return portMatches(fmt.Sprintf("ip %s { %s }", side, addresses(pods)), ports, target)
	}
	var lines []string
	for _, p := range pods {
		lines = append(lines, portMatches(fmt.Sprintf("ip %s %s", side, p.IP), ports, &p)...)
	}
	return lines
}

func (c *compiler) selected(namespace string, peer networking.NetworkPolicyPeer) ([]Pod, error) {
	var out []Pod
	for _, p := range c.state.Pods {
		if peer.NamespaceSelector == nil {
			if p.Namespace != namespace {
				continue
			}
		} else if ok, err := matches(peer.NamespaceSelector, c.state.Namespaces[p.Namespace]); err != nil || !ok {
			if err != nil {
				return nil, err
			}
			continue
		}
		if peer.PodSelector != nil {
			if ok, err := matches(peer.PodSelector, p.Labels); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		out = append(out, p)
	}
	return out, nil
}

func (c *compiler) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "add table inet %[1]s\ndelete table inet %[1]s\ntable inet %[1]s {\n", table)
	verdictMap(&b, "egress", c.egress)
	verdictMap(&b, "ingress", c.ingress)
	b.WriteString(c.chains.String())
	b.WriteString(`  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ip saddr vmap @egress
    ip daddr vmap @ingress
  }
  chain input {
    type filter hook input priority filter; policy accept;
    ct state established,related accept
    ip saddr vmap @egress
  }
}
`)
	// Pods have no IPv6 addresses but the link-local ones; these must be no way round the rules above.
	fmt.Fprintf(&b, `add table bridge %[1]s
delete table bridge %[1]s
table bridge %[1]s {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ether type ip6 drop
  }
}
`, table)
	return b.String()
}

func verdictMap(b *strings.Builder, name string, elements []string) {
	fmt.Fprintf(b, "  map %s {\n    type ipv4_addr : verdict\n", name)
	if len(elements) > 0 {
		fmt.Fprintf(b, "    elements = { %s }\n", strings.Join(elements, ", "))
	}
	b.WriteString("  }\n")
}

// directions says what a policy isolates; without policyTypes it is ingress, and egress if there are egress rules.
func directions(p *networking.NetworkPolicy) (ingress, egress bool) {
	if len(p.Spec.PolicyTypes) == 0 {
		return true, len(p.Spec.Egress) > 0
	}
	for _, t := range p.Spec.PolicyTypes {
		ingress = ingress || t == networking.PolicyTypeIngress
		egress = egress || t == networking.PolicyTypeEgress
	}
	return ingress, egress
}

func block(side string, b *networking.IPBlock) (string, error) {
	cidr, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return "", err
	}
	if !cidr.Addr().Is4() {
		return "", nil
	}
	match := "meta nfproto ipv4"
	if cidr.Bits() > 0 {
		match = fmt.Sprintf("ip %s %s", side, cidr.Masked())
	}
	var except []string
	for _, e := range b.Except {
		x, err := netip.ParsePrefix(e)
		if err != nil {
			return "", err
		}
		except = append(except, x.Masked().String())
	}
	for _, x := range except {
		match += fmt.Sprintf(" ip %s != %s", side, x)
	}
	return match, nil
}

func matches(selector *metav1.LabelSelector, set map[string]string) (bool, error) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	return s.Matches(labels.Set(set)), nil
}

func addresses(pods []Pod) string {
	out := make([]string, 0, len(pods))
	for _, p := range pods {
		out = append(out, p.IP.String())
	}
	return strings.Join(out, ", ")
}
