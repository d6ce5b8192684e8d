package server

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bridle.local/node/kubeconfig"
	"github.com/sirupsen/logrus"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const (
	rolesLimit = 60 * time.Second
	labelPause = 500 * time.Millisecond
)

// applyRoles lets the hosts' network part read what it follows.
func (c *Config) applyRoles(ctx context.Context) error {
	client, _, err := kubeconfig.Client(c.cred("supervisor.kubeconfig"), "k3s-supervisor")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rolesLimit)
	defer cancel()
	for {
		err := writeRoles(ctx, client)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("set up roles: %w", err)
		case <-time.After(labelPause):
		}
	}
}

func writeRoles(ctx context.Context, client kubernetes.Interface) error {
	const name = "system:k3s-controller"
	read := []string{"get", "list", "watch"}
	role := &rbac.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbac.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes", "pods", "namespaces"}, Verbs: read},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: read},
	}}
	binding := &rbac.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbac.Subject{{Kind: rbac.UserKind, APIGroup: rbac.GroupName, Name: name}},
	}
	roles, bindings := client.RbacV1().ClusterRoles(), client.RbacV1().ClusterRoleBindings()
	if _, err := roles.Create(ctx, role, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
		if _, err := roles.Update(ctx, role, metav1.UpdateOptions{}); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if _, err := bindings.Create(ctx, binding, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// labelNode sets the labels that a kubelet may not give itself, as soon as the node is registered.
func (c *Config) labelNode(ctx context.Context) {
	client, _, err := kubeconfig.Client(c.cred("supervisor.kubeconfig"), "k3s-supervisor")
	if err != nil {
		logrus.Errorf("Failed to label the node: %v", err)
		return
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"labels": map[string]string{
			"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true",
			"node.kubernetes.io/instance-type": "k3s",
		},
		"annotations": map[string]string{"etcd.k3s.cattle.io/node-name": c.NodeName, "etcd.k3s.cattle.io/node-address": c.NodeIP},
	}})
	if err != nil {
		logrus.Errorf("Failed to label the node: %v", err)
		return
	}
	for {
		_, err := client.CoreV1().Nodes().Patch(ctx, c.NodeName, types.MergePatchType, patch, metav1.PatchOptions{})
		if err == nil || ctx.Err() != nil {
			return
		}
		if !apierrors.IsNotFound(err) {
			logrus.Warnf("Failed to label the node: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(labelPause):
		}
	}
}
