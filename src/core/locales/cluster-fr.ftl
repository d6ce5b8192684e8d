# Mots de la grappe : ce qui manque à une étape ou ce qu’elle attend, et pourquoi un nœud, un service ou un pod n’est pas comme voulu.
# Ils suivent un deux-points : « en attente depuis 0:12 : … ».
wait-api = l’interface de Kubernetes ne répond pas encore
wait-namespace-gone = l’ancien espace { $namespace } est encore en cours de suppression
wait-crd = le type d’objet { $name } n’est pas encore en vigueur
wait-chart-workload = { $workload } : { $done } sur { $wanted } prêts
wait-chart-pod = { $workload } : { $pod } ne démarre pas ({ $reason })
wait-charts = { $done } { $done ->
        [one] partie prête
       *[other] parties prêtes
    } sur { $wanted } ; en attente de { $what }
wait-charts-gone = { $done } { $done ->
        [one] partie retirée
       *[other] parties retirées
    } sur { $wanted } ; en attente de { $what }
wait-chart-gone = des éléments de { $chart } sont encore en cours de suppression
wait-probe = la vérification « { $probe } » est en cours
wait-probe-red = la vérification « { $probe } » n’est pas encore verte : { $request }

namespace-missing = l’espace { $namespace } n’est pas en place
secret-missing = le secret { $secret } de { $namespace } n’est pas complet
definition-missing = le type d’objet { $name } de { $chart } n’est pas en vigueur
chart-missing = { $chart } n’est pas là
chart-unfinished = { $chart } n’a pas été mis en place jusqu’au bout
chart-other = { $chart } est là dans une autre version ou avec d’autres réglages
chart-there = { $chart } est encore là
object-missing = { $kind } { $name } de { $chart } n’est pas là
object-not-ready = { $kind } { $name } de { $chart } n’est pas prêt
object-leaving = en cours de suppression
object-unseen = Kubernetes n’a pas encore vu le dernier changement
object-condition = en attente de « { $condition } »

node-missing = le serveur { $node } n’a pas encore rejoint Kubernetes
node-not-ready = le serveur { $node } n’est pas encore prêt
node-silent = le serveur { $node } ne donne plus de nouvelles
node-disk-pressure = le disque du serveur { $node } est presque plein
node-memory-pressure = le serveur { $node } manque de mémoire
node-process-pressure = le serveur { $node } a trop de processus
node-no-network = le réseau du serveur { $node } n’est pas prêt

workload-starting = { $done } sur { $wanted } prêts
workload-updating = { $done } sur { $wanted } renouvelés
workload-old-pods = { $done } de l’ancienne version encore en marche
workload-stuck = aucun progrès depuis trop longtemps : { $done } sur { $wanted } prêts
job-running = la tâche est encore en cours
job-suspended = la tâche est suspendue
job-failed = la tâche a échoué
volume-pending = pas encore de stockage
volume-lost = le stockage est perdu

pod-starting = en cours de démarrage
pod-not-ready = en marche, mais ne répond pas encore comme prêt
pod-image = l’image { $image } ne peut pas être obtenue
pod-crashing = { $container } s’arrête sans cesse (redémarré { $restarts ->
        [one] une fois
       *[other] { $restarts } fois
    })
pod-out-of-memory = { $container } demande plus de mémoire que permis
pod-configuration = { $container } ne peut pas démarrer : un réglage ou un secret manque ou est faux
pod-evicted = arrêté parce que le serveur manquait de disque ou de mémoire
pod-failed = terminé par une erreur
pod-no-memory = aucun serveur n’a assez de mémoire libre
pod-no-processor = aucun serveur n’a assez de temps de processeur libre
pod-no-volume = son stockage n’est pas prêt
pod-no-place = aucun serveur ne convient
hopeless-crashing = { $container } s’est arrêté { $times } fois de suite sans jamais être prêt
hopeless-image = l’image { $image } n’est pas dans la version
hopeless-image-name = { $image } n’est pas un nom d’image
hopeless-setting = { $container } n’est pas démarré : un réglage ou un secret nécessaire manque ou est faux
