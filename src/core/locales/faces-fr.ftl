# Words of the faces: command line, installer, terminal screen.

sign-pending = pas commencé
sign-running = en cours
sign-waiting = en attente
sign-done = fait
sign-failed = échec
sign-skipped = omis
sign-undone = annulé
sign-approved = confirmé
sign-paused = en pause
sign-rolling-back = retour arrière
sign-stopped = arrêté
sign-works = fonctionne
sign-busy = en changement
sign-attention = attention
sign-problem = problème
sign-unknown = inconnu
sign-ready = prêt
sign-not-ready = pas prêt
sign-blocks = bloquant
sign-info = information

label-why = POURQUOI
label-do = À FAIRE
label-detail = CAUSE
fault-more = En savoir plus : { $program } explain { $code }

status-release = { $release } sur { $site }, { $address }
status-no-release = aucune version n’est encore installée
status-last-known = dernier état connu, du { $time }, lu sur le disque
status-nothing-known = rien n’est encore écrit sur le disque
status-host = { $name } : { $used } de mémoire utilisés sur { $memory }, { $free } de disque libres sur { $disk }, charge { $load } sur { $cpus } { $cpus ->
    [one] processeur
   *[other] processeurs
}
heading-operation = Opération
heading-servers = Serveurs
heading-services = Services

operation-title-install = Installation de { $release }
operation-none = Aucune opération n’a encore eu lieu.
operation-at-step = étape { $step } sur { $steps } : { $title }
operation-progress = { $percent } % après { $time }
operation-pause-asked = s’arrête après cette étape
operation-paused-now = L’opération est en pause. Elle reprend avec : bridle operation continue
operation-goes-back = L’opération annule ses étapes.
step-already = déjà en ordre
step-attempt = tentative { $attempt }
step-waits = attend depuis { $time } : { $what }
step-waits-since = attend depuis le { $time } : { $what }
step-progress = { $done } sur { $total }
step-stopped-as-told = arrêtée, comme demandé
step-failed = échec de la tentative { $attempt } : { $what } ({ $code })
step-skipped-by = omise par { $by } : { $reason }

failure-step = Échec de l’étape { $step } sur { $steps } : { $title }
failure-now = MAINTENANT : l’opération attend votre décision. Les étapes faites restent en place ; rien d’autre n’est modifié.
failure-retry = recommencer cette étape (après avoir corrigé la cause)
failure-skip = continuer sans cette étape (la raison est conservée)
failure-abort = annuler tout ce que l’opération a fait

attach-starting = En attente du démarrage de l’agent…
attach-hint = Ctrl-C pour partir ; l’opération continue.
attach-left = Vous êtes parti ; l’opération continue. Revenez-y avec : bridle operation attach { $id }
attach-lost = L’opération continue d’elle-même dès que l’agent fonctionne. Revenez-y avec : bridle operation attach { $id }
attach-reconnecting = Reconnexion… l’opération n’en est pas affectée.
attach-connected = Connexion rétablie.
end-committed = { $release } est installée et fonctionne. Durée : { $time }.
end-changed = { $release } est maintenant en service et fonctionne. Durée : { $time }.
end-configured = La nouvelle configuration est en vigueur et tout fonctionne. Durée : { $time }.
end-recreated = Les applications de { $release } ont été refaites et fonctionnent. Durée : { $time }.
end-address = Adresse : { $address }
end-next = Voyez l’état à tout moment avec : bridle status
end-rolled-back = Tout a été annulé, après { $time }.

ask-hint = [o/N, ou { $flag }]
ask-hint-only = [o/N]
ask-abort = Annuler tout ce que { $id } a fait ?
nothing-done = Rien n’a été fait.
command-accepted = Accepté. Suivez l’opération avec : bridle operation attach { $id }

release-none = Aucune version n’est présente dans le dépôt.
release-figures = { $images } images, { $size }, ajoutée le { $added }
release-current = installée

install-verified = La signature et le contenu de { $release } sont corrects. Clé de l’éditeur { $key }
install-verified-untrusted = La signature et le contenu de { $release } correspondent à la clé { $key } contenue dans le fichier. Ce serveur ne fait pas encore confiance à cette clé.
install-fingerprint = Empreinte de la clé de l’éditeur : { $fingerprint }
install-ask-key = Comparez cette empreinte avec celle que l’éditeur vous a donnée par un autre moyen. Est-ce la même ?
install-plan = Installation de { $release } sur { $host } ({ $address })
install-plan-digest = Plan : { $digest }
install-plan-address = Les utilisateurs y accéderont par { $address }
install-plan-files = Ce qui est déposé sur ce serveur
install-plan-steps = Étapes que l’agent réalise ensuite
install-plan-undo = en cas d’échec, automatiquement : { $undo }
install-plan-no-undo = en cas d’échec : rien à annuler
install-plan-cannot-undo = en cas d’échec : ne peut pas être annulée : { $why }
install-plan-limit = au plus { $limit } pour chacune des { $attempts } { $attempts ->
    [one] tentative
   *[other] tentatives
}
install-place-store = parties de la version, { $size } : { $path }
install-place-programs = programmes : { $path }
install-place-link = commande : { $path }
install-place-site = configuration du site : { $path }
install-place-trust = clé de l’éditeur : { $path }
install-place-unit = service : { $path }
install-findings-none = Vérifications de ce serveur : tout est en ordre.
install-findings = Vérifications de ce serveur
install-ask = Installer maintenant ?
install-nothing = Rien n’a été modifié.
install-plan-only = Ce n’était que le plan ; rien n’a été modifié.
install-ask-name = Nom de ce site (a-z, 0-9, -) [{ $default }]
install-ask-host = Nom d’hôte par lequel les utilisateurs y accèdent [{ $default }]
install-check = Vérification du fichier entier : { $done } sur { $total }
install-ingest = Copie des parties de la version : { $done } sur { $total }
install-placed = Tout est en place. L’agent fait maintenant le travail ; fermer cette fenêtre ne l’arrête pas.
install-already = { $release } est déjà installée ; il n’y a rien à faire.
install-running = { $release } est déjà en cours d’installation. Vous la rejoignez.
install-stopped = Arrêté. Rien ne continue tout seul pour l’instant ; la même commande reprend là où celle-ci s’est arrêtée.

inspect-release = { $name } { $version }, numéro d’ordre { $sequence }, pour { $architecture }
inspect-kubernetes = Kubernetes { $version }
inspect-size = { $images } images, { $parts } parties, { $size }
inspect-unverified = La signature n’a pas été comparée à une clé de confiance ; voici ce que le fichier dit de lui-même.
inspect-charts = Parties de la plateforme
inspect-images = Images
inspect-programs = Programmes
verify-ok = { $release } est complète et signée par une clé de confiance : { $fingerprint }

tui-home = Accueil
tui-operation = Opération
tui-help = Aide
tui-log = Événements
tui-state = État
tui-servers = Serveurs
tui-services = Services
tui-server-figures = Ce serveur
tui-no-operation = Aucune opération en cours.
tui-nothing-here = Rien à montrer pour l’instant.
tui-health-ok = Tout fonctionne.
tui-health-busy = Une opération est en cours ; c’est normal.
tui-health-attention = Tout fonctionne, mais un point demande votre attention.
tui-health-problem = Quelque chose ne fonctionne pas.
tui-health-unknown = L’état actuel n’est pas visible.
tui-too-small = Cette fenêtre est trop petite : il faut 40 colonnes et 15 lignes, elle en a { $columns } et { $lines }.
tui-left = Vous avez quitté l’écran ; ce qui est en cours continue. Revenez avec : bridle tui
tui-offline = L’agent ne répond pas. Regardez : systemctl status bridle-agent
tui-memory = mémoire { $used } sur { $total }
tui-disk = disque { $free } libres sur { $total }
tui-load = charge { $load }, { $cpus } { $cpus ->
    [one] processeur
   *[other] processeurs
}
tui-ask-abort = Vraiment tout annuler ? Ce qui est fait sera défait étape par étape.
tui-accepted = Accepté.
tui-sent = Transmis à l’agent…
tui-more = et { $count } de plus
key-up-down = Haut/Bas
key-enter = Entrée
key-escape = Échap
key-open = ouvrir
key-back = retour
key-help = aide
key-language = English
key-quit = quitter
key-pause = pause
key-continue = reprendre
key-retry = réessayer
key-abort = tout annuler
key-quit-long = partir tout de suite ; l’opération continue
key-open-long = ouvrir ce qui est choisi
key-back-long = un pas en arrière ; sur le premier écran, quitter
key-help-long = cette aide, sur chaque écran
key-language-long = changer de langue : English, français
key-pause-long = arrêter l’opération après l’étape en cours
key-continue-long = reprendre après une pause
key-retry-long = recommencer l’étape en échec
key-abort-long = annuler tout ce que l’opération a fait (demande d’abord)
event-approved = confirmée par { $by }
event-taken-up = prise en charge par l’agent { $agent }
event-intent = l’étape { $step } commence, tentative { $attempt }
event-intent-undo = annulation de l’étape { $step }, tentative { $attempt }
event-done = étape { $step } faite en { $time }
event-already = l’étape { $step } était déjà faite
event-undone = étape { $step } annulée en { $time }
event-told-to-stop = étape { $step } arrêtée : tout doit revenir
event-failed = étape { $step }, échec de la tentative { $attempt } : { $what } ({ $code })
event-skipped = étape { $step } omise par { $by } : { $reason }
event-commanded = { $by } a demandé : { $command }
event-state = opération : { $state }
key-left-right = Gauche/Droite
key-choose = choisir
key-choose-long = choisir un bouton
key-scroll = défiler
key-scroll-long = se déplacer dans une longue liste
tui-yes = Oui, tout annuler
tui-no = Non, revenir
tui-leave = Quitter
tui-release = Version { $release }
tui-no-release = Aucune version n’est encore installée.
tui-step-of = étape { $step } sur { $steps }
