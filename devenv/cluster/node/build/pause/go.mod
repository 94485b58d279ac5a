// The process that holds a pod's namespaces.
module njst.io/devenv/cluster/pause

go 1.26.0
