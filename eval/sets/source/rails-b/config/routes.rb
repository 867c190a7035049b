Rails.application.routes.draw do
  get "/healthz", to: "health#show"

  concern :archivable do
    post :archive, on: :member
  end

  namespace :api, defaults: { format: :json } do
    namespace :v1 do
      post "tokens", to: "tokens#create"
      delete "tokens", to: "tokens#destroy"

      resources :orchards, concerns: :archivable do
        resources :trees, only: %i[index create]
      end
      resources :trees, only: [:show, :update], param: :tag
      resources :varieties, only: %i[index show]

      match "search", to: "search#run", via: [:get, :post]

      scope path: "people", controller: :people do
        get "me", action: :me
        get ":handle", action: :show
      end

      draw :admin
    end
  end

  scope "/hooks" do
    post "scale", to: "hooks#scale"
  end
end
